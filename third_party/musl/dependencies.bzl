"""The dependencies of --config=musl beside those of every build."""

load(":debian_source.bzl", "debian_source")
load(":zig.bzl", "zig_toolchain")

def musl_dependencies():
    """Defines the repositories. Bazel fetches each when a build with --config=musl needs it."""
    zig_toolchain(name = "musl")
    debian_source(
        name = "abseil_source",
        build_file = "//third_party/musl:abseil.BUILD",
        package = "libabsl-dev",
        source = "abseil",
    )
    debian_source(
        name = "protobuf_source",
        build_file = "//third_party/musl:protobuf.BUILD",
        package = "libprotobuf-dev",
        source = "protobuf",
    )
    debian_source(
        name = "zlib_source",
        build_file = "//third_party/musl:zlib.BUILD",
        package = "zlib1g-dev",
        source = "zlib",
    )
    debian_source(
        name = "zstd_source",
        build_file = "//third_party/musl:zstd.BUILD",
        package = "libzstd-dev",
        source = "libzstd",
    )
