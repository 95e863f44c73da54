"""What the command may use where it is installed, for MODULE.bazel. Bazel before 6 cannot load this file."""

load("//third_party/microhttpd:microhttpd.bzl", "optional_microhttpd")

command = module_extension(implementation = lambda _: optional_microhttpd(name = "libmicrohttpd"))
