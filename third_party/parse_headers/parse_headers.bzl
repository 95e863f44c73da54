"""The feature `parse_headers` for Bazel 4.2.3, whose toolchain has none: every header compiles alone.

It also makes `layering_check` see libraries of headers only, which have no other compilation.

    bazel build --aspects=//third_party/parse_headers:parse_headers.bzl%parse_headers \\
        --output_groups=+parse_headers //...
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _as_source(ctx, name, header):
    # clang checks the layering of the file that it is given, not of those that it includes.
    source = ctx.actions.declare_file("%s/%s.cc" % (name, header.basename))
    ctx.actions.symlink(output = source, target_file = header)
    return source

def _parse_headers_impl(target, ctx):
    # Third-party headers are not ours to check.
    if ctx.rule.kind != "cc_library" or target.label.workspace_name:
        return []

    # Nor are generated ones: they may lie elsewhere for those who include them.
    headers = [
        file
        for files in ctx.rule.attr.hdrs
        for file in files.files.to_list()
        if file.extension == "h" and file.is_source
    ]
    if not headers:
        return []

    name = target.label.name + ".parse_headers"
    cc_toolchain = find_cpp_toolchain(ctx)
    _, outputs = cc_common.compile(
        name = name,
        actions = ctx.actions,
        cc_toolchain = cc_toolchain,
        compilation_contexts = [
            dep[CcInfo].compilation_context
            for dep in ctx.rule.attr.deps
            if CcInfo in dep
        ],
        feature_configuration = cc_common.configure_features(
            ctx = ctx,
            cc_toolchain = cc_toolchain,
            requested_features = ctx.features,
            unsupported_features = ctx.disabled_features,
        ),
        public_hdrs = headers,
        srcs = [_as_source(ctx, name, header) for header in headers],
        # Warnings about things that are in order in a header and odd in a source.
        user_compile_flags = ["-Wno-unused", "-Wno-pragma-once-outside-header"],
    )
    return [OutputGroupInfo(parse_headers = depset(outputs.pic_objects + outputs.objects))]

parse_headers = aspect(
    implementation = _parse_headers_impl,
    attrs = {
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
