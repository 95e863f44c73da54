"""`@zstd` over Debian's libzstd-dev."""

load("//third_party:debian.bzl", "MUSL_ATTRS", "MUSL_SETTING", "library_dir", "require", "unless_musl")

_ALIAS = """
alias(
    name = "zstd",
    actual = %s,
    visibility = ["//visibility:public"],
)
"""

def _debian_zstd_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, lib_dir + "/libzstd.a", "libzstd-dev")
    for header in ["zstd.h", "zstd_errors.h"]:
        # Copied: a link would count as a system header (see copy_headers).
        repository_ctx.file("include/" + header, repository_ctx.read("/usr/include/" + header))
    for library in ["libzstd.a", "libzstd.so"]:
        repository_ctx.symlink(lib_dir + "/" + library, library)
    build = repository_ctx.read(Label("//third_party/zstd:zstd.BUILD"))
    musl = repository_ctx.attr.musl
    actual = unless_musl(":debian_zstd", musl) if musl else "\":debian_zstd\""
    repository_ctx.file("BUILD.bazel", build + MUSL_SETTING + _ALIAS % actual)

debian_zstd = repository_rule(
    implementation = _debian_zstd_impl,
    attrs = MUSL_ATTRS,
    local = True,  # Looks at /usr again with every new server.
)
