"""`@com_google_protobuf` over Debian's libprotobuf-dev, libprotoc-dev and protobuf-compiler."""

load("//third_party:debian.bzl", "copy_headers", "library_dir", "link_libraries", "require")

def _debian_protobuf_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, "/usr/bin/protoc", "protobuf-compiler")
    require(repository_ctx, lib_dir + "/libprotobuf.a", "libprotobuf-dev")
    require(repository_ctx, lib_dir + "/libprotoc.a", "libprotoc-dev")
    copy_headers(repository_ctx, "/usr/include/google/protobuf", "google/protobuf")
    link_libraries(repository_ctx, lib_dir, "", ["libprotobuf", "libprotoc"])
    repository_ctx.symlink("/usr/bin/protoc", "protoc")
    repository_ctx.symlink(Label("//third_party/protobuf:protobuf.BUILD"), "BUILD.bazel")

debian_protobuf = repository_rule(
    implementation = _debian_protobuf_impl,
    local = True,  # Looks at /usr again with every new server.
)
