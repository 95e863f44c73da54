"""installed_protos_test: generates, compiles and tries everything for .proto files of others."""

load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")
load("//codegen:defs.bzl", "cc_ipmpsc_library")
load("//tests/codegen/copier:copier.bzl", "copy_headers")

# Those of protobuf, by what they are called here, in //tests/codegen/protos.
def _own_name(path):
    return path.split("/")[-1][:-len(".proto")] if "/compiler/" not in path else "compiler_plugin"

def installed_protos_test(name, protos, package, repository = None, deps = [], tags = []):
    """Makes a test of the .proto files of a Debian package.

    Args:
      name: of the test.
      protos: PROTOS of its repository; without `repository`, a dictionary like its `files`, of
        files of protobuf.
      package: the Debian package. Where it is not installed the test fails and says so.
      repository: made by `installed_protos`.
      deps: libraries with protobuf's classes that are not generated here.
      tags: of the test.
    """
    files = protos.files if repository else protos
    if not files:
        native.sh_test(
            name = name,
            size = "small",
            srcs = ["missing.sh"],
            args = [package],
            tags = tags,
        )
        return

    own = {path: None for imports in files.values() for path in imports}
    libraries = ["//tests/codegen/protos:%s_ipmpsc" % _own_name(path) for path in own]
    if repository:
        cc_ipmpsc_library(
            name = name + "_ipmpsc",
            testonly = True,
            tags = tags,
            deps = [repository + "//:all"],
        )
        libraries.append(":%s_ipmpsc" % name)
    copy_headers(
        name = name + "_copies",
        protos = list(own) + [path for path in files if path not in own],
        proto_files = [repository + "//:files"] if repository else [],
        proto_path = [protos.folder] if repository else [],
        tags = tags,
        types = list(files),
        deps = libraries,
    )
    native.genrule(
        name = name + "_list",
        testonly = True,
        outs = [name + "_list.cc"],
        cmd = "(%s) > $@" % "; ".join(
            ["echo '#include \"%s.types.h\"'" % path[:-len(".proto")] for path in files] +
            ["echo 'const int ipmpsc_test::installed::kFileCount = %d;'" % len(files)],
        ),
        tags = tags,
    )
    cc_test(
        name = name,
        size = "medium",
        srcs = [name + "_list.cc"],
        copts = ["-Wall", "-Wextra", "-Werror"],
        tags = tags,
        deps = deps + [
            "//tests/codegen/installed:installed_test_main",
            "//tests/codegen/installed:registry",
            ":%s_copies" % name,
        ],
    )
