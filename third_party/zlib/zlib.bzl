"""`@zlib` over Debian's zlib1g-dev."""

load("//third_party:debian.bzl", "MUSL_ATTRS", "MUSL_SETTING", "library_dir", "require", "unless_musl")

_ALIAS = """
alias(
    name = "zlib",
    actual = %s,
    visibility = ["//visibility:public"],
)
"""

def _debian_zlib_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, lib_dir + "/libz.a", "zlib1g-dev")
    for header in ["zlib.h", "zconf.h"]:
        # Copied: a link would count as a system header (see copy_headers).
        repository_ctx.file("include/" + header, repository_ctx.read("/usr/include/" + header))
    for library in ["libz.a", "libz.so"]:
        repository_ctx.symlink(lib_dir + "/" + library, library)
    build = repository_ctx.read(Label("//third_party/zlib:zlib.BUILD"))
    musl = repository_ctx.attr.musl
    actual = unless_musl(":debian_zlib", musl) if musl else "\":debian_zlib\""
    repository_ctx.file("BUILD.bazel", build + MUSL_SETTING + _ALIAS % actual)

debian_zlib = repository_rule(
    implementation = _debian_zlib_impl,
    attrs = MUSL_ATTRS,
    local = True,  # Looks at /usr again with every new server.
)
