"""`@zstd` over Debian's libzstd-dev."""

load("//third_party:debian.bzl", "library_dir", "require")

def _debian_zstd_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, lib_dir + "/libzstd.a", "libzstd-dev")
    for header in ["zstd.h", "zstd_errors.h"]:
        # Copied: a link would count as a system header (see copy_headers).
        repository_ctx.file("include/" + header, repository_ctx.read("/usr/include/" + header))
    for library in ["libzstd.a", "libzstd.so"]:
        repository_ctx.symlink(lib_dir + "/" + library, library)
    repository_ctx.symlink(Label("//third_party/zstd:zstd.BUILD"), "BUILD.bazel")

debian_zstd = repository_rule(
    implementation = _debian_zstd_impl,
    local = True,  # Looks at /usr again with every new server.
)
