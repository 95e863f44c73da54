"""`@libpng` over Debian's libpng-dev."""

load("//third_party:debian.bzl", "copy_headers", "library_dir", "require")

def _debian_libpng_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, lib_dir + "/libpng16.a", "libpng-dev")
    copy_headers(repository_ctx, "/usr/include/libpng16", "include")
    for library in ["libpng16.a", "libpng16.so"]:
        repository_ctx.symlink(lib_dir + "/" + library, library)
    repository_ctx.symlink(Label("//third_party/libpng:libpng.BUILD"), "BUILD.bazel")

debian_libpng = repository_rule(
    implementation = _debian_libpng_impl,
    local = True,  # Looks at /usr again with every new server.
)
