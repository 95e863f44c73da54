"""What ipmpsc depends on, each under the name that upstream gives it.

A workspace that defines one of these names before it calls `ipmpsc_dependencies()` keeps its own.
"""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")
load("//third_party:local_files.bzl", "local_files")
load("//third_party/abseil:abseil.bzl", "debian_abseil")
load("//third_party/cli11:cli11.bzl", "debian_cli11")
load("//third_party/microhttpd:microhttpd.bzl", "optional_microhttpd")
load("//third_party/nlohmann_json:nlohmann_json.bzl", "debian_nlohmann_json")
load("//third_party/protobuf:protobuf.bzl", "debian_protobuf")
load("//third_party/zlib:zlib.bzl", "debian_zlib")
load("//third_party/zstd:zstd.bzl", "debian_zstd")

def ipmpsc_dependencies(coverage_tools = True, musl = False):
    """Defines the repositories, over what Debian 12 installs, that are not defined yet.

    Args:
      coverage_tools: whether remote_coverage_tools is among them. Every test asks for it, and Bazel's own
        is downloaded. False leaves Bazel's in place; so does a definition before this call.
      musl: whether the workspace has --config=musl and calls `musl_dependencies()`.
    """
    maybe(
        local_files,
        name = "rules_cc",
        files = {"@ipmpsc//third_party/rules_cc:defs.bzl": "cc/defs.bzl"},
        packages = ["cc"],
    )
    maybe(
        local_files,
        name = "rules_java",
        files = {"@ipmpsc//third_party/rules_java:defs.bzl": "java/defs.bzl"},
        packages = ["java"],
    )
    maybe(
        local_files,
        name = "rules_proto",
        files = {
            "@ipmpsc//third_party/rules_proto:defs.bzl": "proto/defs.bzl",
            "@ipmpsc//third_party/rules_proto:native.bzl": "proto/native.bzl",
        },
        packages = ["proto"],
    )
    maybe(
        debian_abseil,
        name = "com_google_absl",
        musl = "@abseil_source//:abseil" if musl else "",
    )
    maybe(
        debian_protobuf,
        name = "com_google_protobuf",
        musl = "@protobuf_source//:protobuf" if musl else "",
    )

    # For the command alone: looked for when something that is built needs them.
    maybe(debian_cli11, name = "cli11")
    maybe(debian_nlohmann_json, name = "nlohmann_json")
    maybe(optional_microhttpd, name = "libmicrohttpd")
    maybe(
        debian_zlib,
        name = "zlib",
        musl = "@zlib_source//:zlib" if musl else "",
    )
    maybe(
        debian_zstd,
        name = "zstd",
        musl = "@zstd_source//:zstd" if musl else "",
    )
    maybe(
        native.new_local_repository,
        name = "com_google_googletest",
        build_file = "@ipmpsc//third_party/googletest:googletest.BUILD",
        path = "/usr/src/googletest",
    )

    if coverage_tools:
        maybe(
            local_files,
            name = "remote_coverage_tools",
            files = {
                "@ipmpsc//third_party/coverage_tools:coverage_output_generator.py": "coverage_output_generator.py",
                "@ipmpsc//third_party/coverage_tools:coverage_tools.BUILD": "BUILD.bazel",
            },
        )
