"""cc_ipmpsc_library: typed senders, receivers and views for the messages of a proto_library.

    load("@ipmpsc//codegen:defs.bzl", "cc_ipmpsc_library")

    proto_library(
        name = "frame_proto",
        srcs = ["frame.proto"],
    )

    cc_ipmpsc_library(
        name = "frame_ipmpsc",
        deps = [":frame_proto"],
    )

A target that depends on `:frame_ipmpsc` may include `camera/frame.ipmpsc.h` and
`camera/frame.pb.h`. Each has the path by which .proto files import `camera/frame.proto`. With
`protobuf = False` there is no `camera/frame.pb.h`, and protobuf is not linked. This is for targets
that use only views and loans.
"""

load("@rules_cc//cc:defs.bzl", "cc_proto_library")
load("@rules_proto//proto:defs.bzl", "ProtoInfo")
load(":aspect.bzl", "IpmpscInfo", "ipmpsc_aspect")

def _cc_ipmpsc_library_impl(ctx):
    if len(ctx.attr.deps) != 1:
        fail("%s: deps must be one proto_library, as in a cc_proto_library, not %s" % (
            ctx.label,
            ", ".join([str(dep.label) for dep in ctx.attr.deps]) or "none",
        ))
    generated = ctx.attr.deps[0][IpmpscInfo]
    cc_infos = [generated.cc_info]
    if ctx.attr.messages:
        cc_infos.append(ctx.attr.messages[CcInfo])
    return [
        DefaultInfo(files = generated.headers),
        cc_common.merge_cc_infos(direct_cc_infos = cc_infos),
    ]

_cc_ipmpsc_library = rule(
    implementation = _cc_ipmpsc_library_impl,
    attrs = {
        "deps": attr.label_list(
            mandatory = True,
            aspects = [ipmpsc_aspect],
            providers = [ProtoInfo],
        ),
        "messages": attr.label(providers = [CcInfo]),
    },
    provides = [CcInfo],
)

def cc_ipmpsc_library(name, deps, protobuf = True, visibility = None, **kwargs):
    """Generates the typed ends of channels for the messages of a proto_library.

    Args:
      name: the name of the target.
      deps: a list of one proto_library. If it has no sources, it stands for its own deps.
      protobuf: whether the library contains the C++ messages (.pb.h) and depends on protobuf.
        Programs that send protobuf's messages, or call a view's `ToMessage()`, need them.
      visibility: the visibility of the target.
      **kwargs: attributes that every rule has: testonly, tags and so on.
    """

    messages = None
    if protobuf:
        # This rule shares its code with the user's own cc_proto_library of the same proto_library,
        # so that a program links the messages once.
        messages = name + "_messages"
        cc_proto_library(
            name = messages,
            visibility = ["//visibility:private"],
            deps = deps,
            **kwargs
        )
    _cc_ipmpsc_library(
        name = name,
        messages = messages,
        visibility = visibility,
        deps = deps,
        **kwargs
    )
