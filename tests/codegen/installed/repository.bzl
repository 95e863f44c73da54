"""The .proto files that a Debian package installs, as a repository: `:all` is all of them.

`protos.bzl` has PROTOS: the import path of each, and what of it is imported from protobuf. It is
empty where the package is not installed, so that whoever loads it decides what that means.
"""

def _imports_of(text):
    """Returns the files that a .proto file imports."""
    imports = []
    for line in text.split("\n"):
        words = line.strip().replace("\"", " \" ").replace("'", " \" ").split(" ")
        words = [word for word in words if word]
        if words and words[0] == "import" and "\"" in words:
            imports.append(words[words.index("\"") + 1])
    return imports

def _target(path):
    if path.startswith("google/protobuf/"):
        return "@com_google_protobuf//:%s_proto" % path.split("/")[-1][:-len(".proto")]
    return ":" + path[:-len(".proto")]

def _installed_protos_impl(repository_ctx):
    root = repository_ctx.attr.root
    folder = "%s/%s" % (root, repository_ctx.attr.folder)
    paths = []
    if repository_ctx.path(folder).exists:
        found = repository_ctx.execute(["find", "-L", folder, "-type", "f", "-name", "*.proto"])
        if found.return_code:
            fail("find: " + found.stderr)
        paths = sorted([path[len(root) + 1:] for path in found.stdout.split("\n") if path])

    build = ["load(\"@rules_proto//proto:defs.bzl\", \"proto_library\")"]
    build.append("package(default_visibility = [\"//visibility:public\"])")
    protos = {}
    for path in paths:
        repository_ctx.symlink("%s/%s" % (root, path), path)
        imports = _imports_of(repository_ctx.read("%s/%s" % (root, path)))
        protos[path] = [name for name in imports if name.startswith("google/protobuf/")]
        build.append("proto_library(name = %r, srcs = [%r], deps = %r)" % (
            path[:-len(".proto")],
            path,
            [_target(name) for name in imports],
        ))
    build.append("proto_library(name = \"all\", deps = %r)" % [_target(path) for path in paths])
    build.append("filegroup(name = \"files\", srcs = %r)" % paths)
    repository_ctx.file("BUILD.bazel", "\n".join(build) + "\n")
    repository_ctx.file("protos.bzl", "PROTOS = %r\n" % protos)

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
    local = True,  # Looks at /usr again with every new server.
)
