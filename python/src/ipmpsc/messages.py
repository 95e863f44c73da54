"""Messages of Protocol Buffers. Needs the package `protobuf`; the rest of `ipmpsc` does not.

    message = Frame.FromString(bytes(lease))            # by your own frame_pb2

    Frame = ipmpsc.messages.message_class(channel)      # by the schema that the channel carries
    message = Frame.FromString(bytes(lease))
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from ipmpsc._core import Channel
from ipmpsc._errors import InvalidArgumentError


def _info_class():
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


def message_class(channel: Channel):
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
