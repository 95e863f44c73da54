"""A global name can be exported under its own name only by way of another."""

NativeProtoInfo = ProtoInfo
