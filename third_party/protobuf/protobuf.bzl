"""`@com_google_protobuf` over Debian's libprotobuf-dev, libprotoc-dev and protobuf-compiler."""

load("//third_party:debian.bzl", "AARCH64_SETTING", "MUSL_ATTRS", "MUSL_SETTING", "copy_headers", "library_dir", "link_libraries", "parse_pkg_config", "require", "unless_musl")

_LIBRARIES = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

alias(
    name = "libprotobuf",
    actual = {actual},
    visibility = ["//:__subpackages__"],
)

cc_library(
    name = "debian_libprotobuf",
    srcs = {protobuf},
    linkopts = ["-lz", "-pthread"],
    deps = {deps},
)

cc_library(
    name = "libprotoc",
    srcs = {protoc},
    visibility = ["//:__subpackages__"],
    deps = [":libprotobuf"],
)
"""

def _debian_protobuf_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, "/usr/bin/protoc", "protobuf-compiler")
    require(repository_ctx, lib_dir + "/libprotobuf.a", "libprotobuf-dev")
    require(repository_ctx, lib_dir + "/libprotoc.a", "libprotoc-dev")
    copy_headers(repository_ctx, "/usr/include/google/protobuf", "google/protobuf")
    repository_ctx.symlink("/usr/bin/protoc", "protoc")

    # From protobuf 22 on it links with Abseil.
    requires, _ = parse_pkg_config(repository_ctx, lib_dir, "protobuf")
    libraries = ["libprotobuf"]
    musl = repository_ctx.attr.musl
    if requires:
        libraries += ["libutf8_validity", "libutf8_range"]
    repository_ctx.file("debian/BUILD.bazel", _LIBRARIES.format(
        actual = unless_musl(":debian_libprotobuf", musl) if musl else "\":debian_libprotobuf\"",
        protobuf = link_libraries(repository_ctx, lib_dir, "debian/", libraries),
        protoc = link_libraries(repository_ctx, lib_dir, "debian/", ["libprotoc"]),
        deps = ["@com_google_absl//:for_protobuf"] if requires else [],
    ))
    build = repository_ctx.read(Label("//third_party/protobuf:protobuf.BUILD"))
    repository_ctx.file("BUILD.bazel", build + AARCH64_SETTING + MUSL_SETTING)

debian_protobuf = repository_rule(
    implementation = _debian_protobuf_impl,
    attrs = MUSL_ATTRS,
    local = True,  # Looks at /usr again with every new server.
)
