"""`@zlib` over Debian's zlib1g-dev."""

load("//third_party:debian.bzl", "library_dir", "require")

def _debian_zlib_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, lib_dir + "/libz.a", "zlib1g-dev")
    for header in ["zlib.h", "zconf.h"]:
        # Copied: a link would count as a system header (see copy_headers).
        repository_ctx.file("include/" + header, repository_ctx.read("/usr/include/" + header))
    for library in ["libz.a", "libz.so"]:
        repository_ctx.symlink(lib_dir + "/" + library, library)
    repository_ctx.symlink(Label("//third_party/zlib:zlib.BUILD"), "BUILD.bazel")

debian_zlib = repository_rule(
    implementation = _debian_zlib_impl,
    local = True,  # Looks at /usr again with every new server.
)
