"""A repository made of files of this one, so that it works from other workspaces too.

`local_repository` takes paths relative to the main workspace only.
"""

def _local_files_impl(repository_ctx):
    repository_ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % repository_ctx.name)
    for package in repository_ctx.attr.packages:
        repository_ctx.file(package + "/BUILD.bazel", "")
    for label, path in repository_ctx.attr.files.items():
        repository_ctx.symlink(label, path)

local_files = repository_rule(
    implementation = _local_files_impl,
    attrs = {
        "files": attr.label_keyed_string_dict(
            doc = "The files, each with its path in the repository.",
            allow_files = True,
        ),
        "packages": attr.string_list(
            doc = "Folders that get an empty BUILD file.",
        ),
    },
)
