"""Reads a recording with PyPI's mcap: FILE LINES finished|killed.

Every message decodes by the file's own schema, and all are there in their order. A file whose
recorder was killed has all of them, too, since the last chunk was closed by time.
"""
import os
import sys

from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Metadata
from mcap.stream_reader import StreamReader
from mcap_protobuf.decoder import DecoderFactory

path, lines, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def check(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: {found!r}, expected {expected!r}")


def stream():
    """Reads record by record, with all checksums, until the file ends."""
    factory = DecoderFactory()
    schemas, channels, messages, metadata = {}, {}, [], []
    ended = False
    try:
        with open(path, "rb") as file:
            for record in StreamReader(file, validate_crcs=True).records:
                name = type(record).__name__
                if name == "Schema":
                    schemas[record.id] = record
                elif name == "Channel":
                    channels[record.id] = record
                elif name == "Metadata":
                    metadata.append(record.name)
                elif name == "Message":
                    channel = channels[record.channel_id]
                    decode = factory.decoder_for(channel.message_encoding, schemas[channel.schema_id])
                    messages.append(decode(record.data))
                elif name == "Footer":
                    ended = True
    except McapError as error:
        if kind == "finished":
            raise
        print(error)
    check(ended, kind == "finished", "the file has an end")
    return messages, metadata


def text_of(message):
    # The message has one field of bytes or text, whatever its name.
    (field,) = [value for _, value in message.ListFields()]
    return field.decode() if isinstance(field, bytes) else field


messages, metadata = stream()
expected = [f"line {i} of {os.path.basename(path)}" for i in range(1, lines + 1)]
check(len(messages), lines, "messages")
check([text_of(message) for message in messages], expected, "texts")
check("ipmpsc.gap" in metadata, False, "gaps")

if kind == "finished":
    with open(path, "rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        summary = reader.get_summary()
        check(summary.statistics.message_count, lines, "the statistics' messages")
        check(summary.statistics.chunk_count, len(summary.chunk_indexes), "chunks")
        check([m.name for m in reader.iter_metadata()], metadata, "metadata by index")
        seen = list(reader.iter_decoded_messages())
        check([text_of(decoded) for _, _, _, decoded in seen], expected, "texts by index")
        # By the message index, from the middle on.
        middle = seen[lines // 2].message.log_time
        later = sum(1 for _ in reader.iter_messages(start_time=middle))
        check(later, sum(1 for s in seen if s.message.log_time >= middle), "messages from a time on")
print(f"{len(messages)} messages, all checksums right")
