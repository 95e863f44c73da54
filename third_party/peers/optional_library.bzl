"""A library that may be missing: then its target is there all the same, without its define.

The machine's own library is of no use to a build with --config=musl, which does without.
"""

load("//third_party:debian.bzl", "INSTALLED", "MUSL_SETTING", "unless_musl")

def _optional_library_impl(repository_ctx):
    tools = repository_ctx.attr.tools
    installed = all([
        repository_ctx.path(path).exists
        for path in [repository_ctx.attr.header] + tools.values()
    ])
    repository_ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % repository_ctx.name)
    for tool, path in tools.items():
        if installed:
            repository_ctx.symlink(path, tool)
        else:
            repository_ctx.file(tool, "#!/bin/sh\nexec cat >/dev/null\n", executable = True)
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

exports_files(%s)
%s""" % (
        repository_ctx.attr.target,
        unless_musl([repository_ctx.attr.define] if installed else [], []),
        repr(["include"] if include else []),
        unless_musl(repository_ctx.attr.libraries if installed else [], []),
        repr(tools.keys()),
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
        "tools": attr.string_dict(
            doc = "Programs, each with the file that it is. One that is missing reads its input and does nothing.",
        ),
    },
    environ = INSTALLED,
    local = True,  # Looks at /usr again with every new server.
)
