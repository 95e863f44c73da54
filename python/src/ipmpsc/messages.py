"""Messages of Protocol Buffers. Needs the package `protobuf`; the rest of `ipmpsc` does not.

    message = Frame.FromString(bytes(lease))            # by your own frame_pb2

    Frame = ipmpsc.messages.message_class(channel)      # by the schema that the channel carries
    message = Frame.FromString(bytes(lease))

    frame, pixels = ipmpsc.messages.parse_in_place(Frame, lease, "pixels")   # without a copy of it
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf import (  # type: ignore[import-untyped, unused-ignore]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)
from google.protobuf.message import (  # type: ignore[import-untyped, unused-ignore]
    DecodeError,
)

from ipmpsc._core import Channel
from ipmpsc._errors import InvalidArgumentError


def _info_class() -> Any:
    """The fields of ipmpsc.ChannelInfo (proto/ipmpsc/info.proto) that this module reads."""
    file = descriptor_pb2.FileDescriptorProto(name="ipmpsc_info_fields.proto", syntax="proto3")
    file.dependency.append("google/protobuf/descriptor.proto")
    info = file.message_type.add(name="ChannelInfoFields")
    optional = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    info.field.add(
        name="message",
        number=1,
        label=optional,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    )
    info.field.add(
        name="schema",
        number=2,
        label=optional,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(descriptor_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("ChannelInfoFields"))


def message_class(channel: Channel) -> Any:
    """Returns the class of the channel's messages, made from the schema that the channel carries.

    It is another class than that of a generated module, also for the same type.

    Raises InvalidArgumentError if the channel carries no schema: it was created with raw bytes.
    """
    try:
        info = _info_class().FromString(channel.description)
        files = descriptor_pb2.FileDescriptorSet.FromString(info.schema)
    except Exception as error:
        raise InvalidArgumentError(f"the channel's description is no schema: {error}") from error
    if not info.message:
        raise InvalidArgumentError(
            "the channel carries no schema; parse its messages by a generated class"
        )
    pool = descriptor_pool.DescriptorPool()
    try:
        # Each file follows those that it imports.
        for file in files.file:
            pool.Add(file)
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(info.message))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"the channel's schema cannot be used: {error}") from error


def description(message: Any) -> bytes:
    """Returns the description of a channel for messages of this class: its schema.

    Give it to `Channel.create(path, description=...)`. Then every program can read the messages,
    and typed ends in C++ check that the channel carries their type.
    """
    files: list[Any] = []

    def add(file: Any) -> None:
        # Once each: many paths of imports may lead to a file.
        if file in files:
            return
        for imported in file.dependencies:
            add(imported)
        files.append(file)

    add(message.DESCRIPTOR.file)
    schema = descriptor_pb2.FileDescriptorSet()
    for file in files:
        file.CopyToProto(schema.file.add())
    return _info_class()(
        message=message.DESCRIPTOR.full_name, schema=schema.SerializeToString()
    ).SerializeToString()


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """Returns the number at an index, and the index after it."""
    number = 0
    for shift in range(0, 70, 7):
        byte = view[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number of more than 10 bytes")


def _skip(view: memoryview, at: int, wire: int, field: int) -> int:
    """Returns the index after the value of a field, which is not of wire type 2."""
    if wire == 0:
        return _varint(view, at)[1]
    if wire == 1:
        return at + 8
    if wire == 5:
        return at + 4
    if wire != 3:
        raise ValueError(f"a field of wire type {wire}")
    # A group. Its begins and ends are counted: it may hold others.
    open_groups = [field]
    while open_groups:
        tag, at = _varint(view, at)
        if tag & 7 == 2:
            length, at = _varint(view, at)
            at += length
        elif tag & 7 == 3:
            open_groups.append(tag >> 3)
        elif tag & 7 == 4:
            if open_groups.pop() != tag >> 3:
                raise ValueError("the end of another group")
        else:
            at = _skip(view, at, tag & 7, tag >> 3)
    return at


def _fields(view: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """Yields each field: its number, its begin, the begin of its bytes or -1, and its end."""
    at = 0
    while at < len(view):
        begin = at
        tag, at = _varint(view, at)
        start = -1
        if tag & 7 == 2:
            length, start = _varint(view, at)
            at = start + length
        else:
            at = _skip(view, at, tag & 7, tag >> 3)
        if at > len(view):
            raise ValueError("a field that ends behind the message")
        yield tag >> 3, begin, start, at


def parse_in_place(message: Any, data: Any, *names: str) -> tuple[Any, ...]:
    """Returns the message without some fields of bytes, and a view of each of these.

    `message` is its class. `data` is a lease, or another object with a buffer. `names` are those
    of fields of the type `bytes` that are not repeated and not in nested messages. A view refers
    to the bytes in the ring, which it keeps, and is empty for a field that is not set. The rest of
    the message is copied. So a frame of 12 MB takes some microseconds:

        frame, pixels = parse_in_place(Frame, lease, "pixels")
        image = numpy.frombuffer(pixels, numpy.uint8).reshape(frame.height, frame.width, 3)

    Raises InvalidArgumentError if a name is that of no such field, or if the data is no message.
    """
    views = {}
    for name in names:
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None or field.type != field.TYPE_BYTES:
            raise InvalidArgumentError(
                f"{message.DESCRIPTOR.full_name} has no field {name!r} of the type bytes"
            )
        repeated = (
            field.is_repeated
            if hasattr(field, "is_repeated")
            else field.label == field.LABEL_REPEATED
        )
        if repeated:
            raise InvalidArgumentError(f"the field {name!r} is repeated; parse the whole message")
        views[field.number] = memoryview(b"")
    view = memoryview(data).cast("B")
    kept = []
    begin = 0
    try:
        for number, field_begin, start, end in _fields(view):
            if start >= 0 and number in views:
                kept.append(view[begin:field_begin])
                begin = end
                views[number] = view[start:end]
        kept.append(view[begin:])
        rest = message.FromString(b"".join(kept))
    except (DecodeError, IndexError, ValueError) as error:
        raise InvalidArgumentError(
            f"the bytes are no {message.DESCRIPTOR.full_name}: {error}"
        ) from None
    return (rest, *views.values())
