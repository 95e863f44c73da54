"""Writes a file with PyPI's mcap: FILE COUNT. Its topic is /numbers, its type example.Number."""
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.writer import Writer

file = descriptor_pb2.FileDescriptorProto(name="number.proto", package="example", syntax="proto3")
message = file.message_type.add(name="Number")
message.field.add(name="value", number=1, type=4, label=1)
message.field.add(name="text", number=2, type=9, label=1)
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
Number = message_factory.GetMessageClass(pool.FindMessageTypeByName("example.Number"))

with open(sys.argv[1], "wb") as stream:
    writer = Writer(stream, chunk_size=4096)
    writer.start(library="another program")
    files = descriptor_pb2.FileDescriptorSet(file=[file])
    schema = writer.register_schema("example.Number", "protobuf", files.SerializeToString())
    channel = writer.register_channel("/numbers", "protobuf", schema)
    for i in range(int(sys.argv[2])):
        data = Number(value=i + 1, text=f"number {i + 1}").SerializeToString()
        writer.add_message(channel, log_time=i * 1000, data=data, publish_time=i * 1000, sequence=i)
    writer.finish()
print("written")
