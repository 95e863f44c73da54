"""`@com_google_protobuf` over Debian's libprotobuf-dev, libprotoc-dev and protobuf-compiler."""

load("//third_party:debian.bzl", "copy_headers", "library_dir", "require")

def _debian_protobuf_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, "/usr/bin/protoc", "protobuf-compiler")
    require(repository_ctx, lib_dir + "/libprotobuf.a", "libprotobuf-dev")
    require(repository_ctx, lib_dir + "/libprotoc.a", "libprotoc-dev")
    copy_headers(repository_ctx, "/usr/include/google/protobuf", "google/protobuf")
    for library in ["libprotobuf", "libprotoc"]:
        for suffix in [".a", ".so"]:
            repository_ctx.symlink(lib_dir + "/" + library + suffix, library + suffix)
    repository_ctx.symlink("/usr/bin/protoc", "protoc")
    repository_ctx.symlink(Label("//third_party/protobuf:protobuf.BUILD"), "BUILD.bazel")

debian_protobuf = repository_rule(
    implementation = _debian_protobuf_impl,
    local = True,  # Looks at /usr again with every new server.
)
