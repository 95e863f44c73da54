"""copy_headers: runs protoc-gen-copier."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def copy_headers(name, protos, deps, proto_files = [], proto_path = [], types = [], tags = []):
    """A C++ library of `FILE.copy.h` for each of `protos`, and of `FILE.types.h`.

    Args:
      name: of the target.
      protos: import paths of .proto files in this tree, in //proto, below `proto_path`, or of
        protobuf's own; all that they import must be among them.
      deps: the cc_ipmpsc_library of each.
      proto_files: those that are not in this tree.
      proto_path: the folders where these begin.
      types: those of `protos` whose message types are to be registered (see
        //tests/codegen/installed:registry).
      tags: of all targets.
    """
    copies = ["%s/%s.copy.h" % (name, path[:-len(".proto")]) for path in protos]
    registered = ["%s/%s.types.h" % (name, path[:-len(".proto")]) for path in types]
    native.genrule(
        name = name + "_headers",
        testonly = True,
        srcs = proto_files + ["//tests/codegen/protos:protos", "//proto/ipmpsc:protos"],
        outs = copies + registered,
        cmd = " ".join([
            "$(execpath @com_google_protobuf//:protoc)",
            "--plugin=protoc-gen-copier=$(execpath //tests/codegen/copier:protoc-gen-copier)",
            "--copier_out=$(RULEDIR)/" + name,
        ] + ["-I" + path for path in proto_path] + [
            "-I. -Iproto -I/usr/include",
        ] + protos),
        tags = tags,
        tools = [
            "//tests/codegen/copier:protoc-gen-copier",
            "@com_google_protobuf//:protoc",
        ],
    )
    registry = [
        "//tests/codegen/copier:copied_type",
        "//tests/codegen/installed:registry",
    ]
    cc_library(
        name = name,
        testonly = True,
        hdrs = copies + registered,
        strip_include_prefix = name,
        tags = tags,
        deps = deps + ["//tests/codegen/copier:copy"] + (registry if types else []),
    )
