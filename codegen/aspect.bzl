"""Runs protoc-gen-ipmpsc on a proto_library and its dependencies, once on each in a build."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_proto//proto:defs.bzl", "ProtoInfo")

IpmpscInfo = provider(
    doc = "The output of protoc-gen-ipmpsc for a proto_library.",
    fields = {
        "cc_info": "CcInfo of the headers and of all that they include, without the messages.",
        "headers": "depset of the headers of the library's own .proto files.",
    },
)

def _import_path(proto, proto_info):
    """Returns the path by which other .proto files import `proto`."""
    for root in [proto_info.proto_source_root, proto.root.path]:
        if proto.path.startswith(root + "/"):
            return proto.path[len(root) + 1:]
    return proto.path

def _output_root(ctx, proto_info):
    """Returns the folder below which the headers lie under their import paths."""
    bin_dir = ctx.bin_dir.path
    root = proto_info.proto_source_root
    if root == ".":
        return bin_dir

    # With an import prefix, or for generated sources, it is a folder of links among the outputs.
    if root.startswith(bin_dir):
        return root
    return bin_dir + "/" + root

# The plugin generates a header with each suffix for a .proto file.
_SUFFIXES = [
    ".ipmpsc.fwd.h",
    ".ipmpsc.h",
    ".ipmpsc.views.h",
]

def _declare_header(ctx, output_root, import_path, suffix):
    path = "%s/%s%s" % (output_root, import_path[:-len(".proto")], suffix)
    parts = [ctx.bin_dir.path, ctx.label.workspace_root, ctx.label.package]
    package_dir = "/".join([part for part in parts if part])
    return ctx.actions.declare_file(path[len(package_dir) + 1:])

def _generate(ctx, proto_info, output_root):
    """Declares the action that generates the headers, and returns them."""
    imports = {
        proto: _import_path(proto, proto_info)
        for proto in proto_info.direct_sources
    }
    headers = [
        _declare_header(ctx, output_root, path, suffix)
        for path in imports.values()
        for suffix in _SUFFIXES
    ]

    args = ctx.actions.args()
    args.add(ctx.executable._plugin, format = "--plugin=protoc-gen-ipmpsc=%s")
    args.add("--ipmpsc_out=" + output_root)

    # Its own root is first. The root of another proto_library may contain the same file.
    args.add("--proto_path=" + proto_info.proto_source_root)
    args.add_all(proto_info.transitive_proto_path, format_each = "--proto_path=%s")
    args.add_all(imports.values())
    ctx.actions.run(
        arguments = [args],
        executable = ctx.executable._protoc,
        inputs = proto_info.transitive_sources,
        mnemonic = "IpmpscGenerate",
        outputs = headers,
        progress_message = "Generating ipmpsc headers of %s" % ctx.label,
        tools = [ctx.executable._plugin],
    )
    return headers

def _compilation_context(ctx, headers, output_root, deps):
    cc_toolchain = find_cpp_toolchain(ctx)
    feature_configuration = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = cc_toolchain,
        requested_features = ctx.features,
        # The headers include the .pb.h of the messages, which this target does not know.
        unsupported_features = ctx.disabled_features + ["parse_headers"],
    )
    compilation_context, _ = cc_common.compile(
        name = ctx.label.name + ".ipmpsc",
        actions = ctx.actions,
        cc_toolchain = cc_toolchain,
        compilation_contexts = [dep.compilation_context for dep in deps],
        feature_configuration = feature_configuration,
        public_hdrs = headers,
        quote_includes = [output_root],
    )
    return compilation_context

def _ipmpsc_aspect_impl(target, ctx):
    # This is no proto_library. The rule that depends on it reports that, and names both.
    if ProtoInfo not in target:
        return [IpmpscInfo(cc_info = CcInfo(), headers = depset())]
    proto_info = target[ProtoInfo]
    deps = [dep[IpmpscInfo] for dep in ctx.rule.attr.deps]

    if not proto_info.direct_sources:  # It stands for its dependencies.
        return [IpmpscInfo(
            cc_info = cc_common.merge_cc_infos(direct_cc_infos = [dep.cc_info for dep in deps]),
            headers = depset(transitive = [dep.headers for dep in deps]),
        )]

    output_root = _output_root(ctx, proto_info)
    headers = _generate(ctx, proto_info, output_root)
    cc_infos = [dep.cc_info for dep in deps] + [ctx.attr._runtime[CcInfo], ctx.attr._services[CcInfo]]
    own = CcInfo(compilation_context = _compilation_context(ctx, headers, output_root, cc_infos))
    return [IpmpscInfo(
        cc_info = cc_common.merge_cc_infos(direct_cc_infos = [own], cc_infos = cc_infos),
        headers = depset(headers),
    )]

ipmpsc_aspect = aspect(
    implementation = _ipmpsc_aspect_impl,
    attr_aspects = ["deps"],
    attrs = {
        "_cc_toolchain": attr.label(
            default = "@bazel_tools//tools/cpp:current_cc_toolchain",
        ),
        "_plugin": attr.label(
            cfg = "exec",
            default = Label("//codegen:protoc-gen-ipmpsc"),
            executable = True,
        ),
        "_protoc": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@com_google_protobuf//:protoc",
            executable = True,
        ),
        "_runtime": attr.label(
            default = Label("//ipmpsc:generated"),
            providers = [CcInfo],
        ),
        # Of files with services, which only the plugin can tell from others.
        "_services": attr.label(
            default = Label("//ipmpsc/rpc"),
            providers = [CcInfo],
        ),
    },
    fragments = ["cpp"],
    provides = [IpmpscInfo],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
