"""The .proto files of editions beside this one, as a repository like those of `installed_protos`.

It is empty where the machine's protoc is from before 27 and takes no editions.
"""

load("//tests/codegen/installed:proto_repository.bzl", "write_proto_repository")
load("//third_party:debian.bzl", "INSTALLED")

_NAMES = ["edition_2023", "edition_2023_legacy", "edition_2024"]

def _edition_protos_impl(repository_ctx):
    protoc = repository_ctx.execute(["/usr/bin/protoc", "--version"])
    version = protoc.stdout.strip().split(" ")[-1].split(".")[0]
    paths = []
    if protoc.return_code == 0 and int(version) >= 27:
        for name in _NAMES:
            path = name + ".proto"
            repository_ctx.symlink(Label("//tests/codegen/editions:" + path), path)
            paths.append(path)
    write_proto_repository(repository_ctx, paths)

edition_protos = repository_rule(
    implementation = _edition_protos_impl,
    environ = INSTALLED,
    local = True,  # Looks at /usr again with every new server.
)
