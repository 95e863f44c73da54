"""The .proto files that a Debian package installs, as a repository: `:all` is all of them.

It is empty where the package is not installed, so that a target that needs it decides what that means.
"""

load("//third_party:debian.bzl", "INSTALLED")
load(":proto_repository.bzl", "write_proto_repository")

def _installed_protos_impl(repository_ctx):
    root = repository_ctx.attr.root
    folder = "%s/%s" % (root, repository_ctx.attr.folder)
    paths = []
    if repository_ctx.path(folder).exists:
        found = repository_ctx.execute(["find", "-L", folder, "-type", "f", "-name", "*.proto"])
        if found.return_code:
            fail("find: " + found.stderr)
        paths = sorted([path[len(root) + 1:] for path in found.stdout.split("\n") if path])

    for path in paths:
        repository_ctx.symlink("%s/%s" % (root, path), path)
    write_proto_repository(repository_ctx, paths)

installed_protos = repository_rule(
    implementation = _installed_protos_impl,
    attrs = {
        "folder": attr.string(
            doc = "Where below `root` they lie.",
            mandatory = True,
        ),
        "root": attr.string(
            doc = "What their import paths begin at.",
            default = "/usr/include",
        ),
    },
    environ = INSTALLED,
    local = True,  # Looks at /usr again with every new server.
)
