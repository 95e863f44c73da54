"""Repositories of .proto files for `installed_protos_test`."""

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

def write_proto_repository(repository_ctx, paths):
    """Makes a repository of the .proto files that lie in it: `:all` is all of them.

    `protos.bzl` has PROTOS: in `files`, for the import path of each, what of it is imported from
    protobuf; in `folder`, where they lie when something is built.

    Args:
      repository_ctx: of the repository.
      paths: the import path of each file, which is its place as well.
    """
    build = ["load(\"@rules_proto//proto:defs.bzl\", \"proto_library\")"]
    build.append("package(default_visibility = [\"//visibility:public\"])")
    files = {}
    for path in paths:
        imports = _imports_of(repository_ctx.read(path))
        files[path] = [name for name in imports if name.startswith("google/protobuf/")]
        build.append("proto_library(name = %r, srcs = [%r], deps = %r)" % (
            path[:-len(".proto")],
            path,
            [_target(name) for name in imports],
        ))
    build.append("proto_library(name = \"all\", deps = %r)" % [_target(path) for path in paths])
    build.append("filegroup(name = \"files\", srcs = %r)" % paths)
    repository_ctx.file("BUILD.bazel", "\n".join(build) + "\n")
    folder = "external/" + repository_ctx.name
    repository_ctx.file(
        "protos.bzl",
        "PROTOS = struct(files = %r, folder = %r)\n" % (files, folder),
    )
