"""A library that may be missing: then its target is there all the same, without its define.

The machine's own library is of no use to a build with --config=musl, which does without.
"""

load("//third_party:debian.bzl", "MUSL_SETTING", "unless_musl")

def _optional_library_impl(repository_ctx):
    installed = repository_ctx.path(repository_ctx.attr.header).exists
    repository_ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % repository_ctx.name)
    include = repository_ctx.attr.include if installed else ""
    if include:
        repository_ctx.symlink(include, "include")
    repository_ctx.file("BUILD.bazel", """load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "%s",
    hdrs = glob(["include/**"]),
    defines = %s,
    includes = %s,
    linkopts = %s,
    visibility = ["//visibility:public"],
)
%s""" % (
        repository_ctx.attr.target,
        unless_musl([repository_ctx.attr.define] if installed else [], []),
        repr(["include"] if include else []),
        unless_musl(repository_ctx.attr.libraries if installed else [], []),
        MUSL_SETTING,
    ))

optional_library = repository_rule(
    implementation = _optional_library_impl,
    attrs = {
        "define": attr.string(
            doc = "Set for those who depend on it, if it is installed.",
            mandatory = True,
        ),
        "header": attr.string(
            doc = "The file that tells that it is installed.",
            mandatory = True,
        ),
        "include": attr.string(
            doc = "The folder that its headers are included from, where that is not /usr/include.",
        ),
        "libraries": attr.string_list(doc = "Options of the linker."),
        "target": attr.string(mandatory = True),
    },
    local = True,  # Looks at /usr again with every new server.
)
