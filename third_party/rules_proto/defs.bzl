"""`@rules_proto//proto:defs.bzl` for Bazel 4.2.3, whose proto rules are native."""

load(":native.bzl", "NativeProtoInfo")

ProtoInfo = NativeProtoInfo
proto_lang_toolchain = native.proto_lang_toolchain
proto_library = native.proto_library
