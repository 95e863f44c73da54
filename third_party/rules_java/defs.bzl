"""`@rules_java//java:defs.bzl` for Bazel 4.2.3, whose Java rules are native.

Nothing here is written in Java, but Bazel looks at its own Java toolchains for every build.
"""

java_binary = native.java_binary
java_import = native.java_import
java_library = native.java_library
java_package_configuration = native.java_package_configuration
java_proto_library = native.java_proto_library
java_runtime = native.java_runtime
java_toolchain = native.java_toolchain
