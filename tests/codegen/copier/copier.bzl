"""copy_headers: runs protoc-gen-copier."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def copy_headers(name, protos, deps):
    """A C++ library of `FILE.copy.h` for each of `protos`.

    Args:
      name: of the target.
      protos: import paths of .proto files in this tree, in //proto, or of protobuf's own; all that
        they import must be among them.
      deps: the cc_ipmpsc_library of each.
    """
    outs = ["copies/%s.copy.h" % path[:-len(".proto")] for path in protos]
    native.genrule(
        name = name + "_headers",
        testonly = True,
        srcs = ["//tests/codegen/protos:protos", "//proto/ipmpsc:protos"],
        outs = outs,
        cmd = " ".join([
            "$(execpath @com_google_protobuf//:protoc)",
            "--plugin=protoc-gen-copier=$(execpath :protoc-gen-copier)",
            "--copier_out=$(RULEDIR)/copies",
            "-I. -Iproto -I/usr/include",
        ] + protos),
        tools = [
            ":protoc-gen-copier",
            "@com_google_protobuf//:protoc",
        ],
    )
    cc_library(
        name = name,
        testonly = True,
        hdrs = outs,
        strip_include_prefix = "copies",
        deps = deps + [":copy"],
    )
