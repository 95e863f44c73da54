"""What `bazel run //:install` copies: the folder as it will lie under the prefix.

The objects of this workspace become one static library and one shared one, which other libraries
(Abseil, protobuf) are linked to, not copied into.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load(":optimized.bzl", "optimized")
load(":version.bzl", "SHARED_VERSION", "VERSION")

def _linked(ctx, deps):
    """Returns the objects of this workspace, and the libraries of others that they link with."""
    objects = []
    libraries = []
    flags = []
    linking = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in deps]).linking_context
    for input in linking.linker_inputs.to_list():
        for library in input.libraries:
            if input.owner.workspace_name == ctx.label.workspace_name:
                objects += library.pic_objects
            elif library.dynamic_library:
                libraries.append(library.resolved_symlink_dynamic_library or
                                 library.dynamic_library)
            else:
                libraries.append(library.pic_static_library or library.static_library)
        flags += input.user_link_flags
    return objects, libraries, flags

def _cc_install_libraries_impl(ctx):
    cc_toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = cc_toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    objects, libraries, flags = _linked(ctx, ctx.attr.deps)
    names = {object.basename: None for object in objects}
    if len(names) != len(objects):
        # The archive could hold them; whoever takes it apart to link it whole would lose one.
        fail("two objects have one name: %s" % sorted([o.basename for o in objects]))

    installed = []
    if ctx.attr.archive:
        static = ctx.actions.declare_file("lib%s.a" % ctx.attr.library)
        args = ctx.actions.args()
        args.add("qcsD", static)
        args.add_all(objects)
        ctx.actions.run(
            arguments = [args],
            executable = cc_common.get_tool_for_action(
                feature_configuration = features,
                action_name = "c++-link-static-library",
            ),
            inputs = depset(objects, transitive = [cc_toolchain.all_files]),
            mnemonic = "InstallArchive",
            outputs = [static],
        )
        installed.append(static)

    shared = ctx.actions.declare_file("lib%s.so.%s" % (ctx.attr.library, VERSION))
    variables = cc_common.create_link_variables(
        feature_configuration = features,
        cc_toolchain = cc_toolchain,
        is_linking_dynamic_library = True,
        is_using_linker = True,
        output_file = shared.path,
    )
    args = ctx.actions.args()
    args.add_all(cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = "c++-link-dynamic-library",
        variables = variables,
    ))
    args.add("-Wl,-soname,lib%s.so.%s" % (ctx.attr.library, SHARED_VERSION))
    args.add(ctx.file.exports, format = "-Wl,--version-script=%s")
    args.add("-Wl,-z,defs,--as-needed")
    args.add_all(objects)
    args.add_all(libraries)
    args.add_all(flags)
    args.add("-lstdc++")
    ctx.actions.run(
        arguments = [args],
        executable = cc_common.get_tool_for_action(
            feature_configuration = features,
            action_name = "c++-link-dynamic-library",
        ),
        inputs = depset(
            objects + libraries + [ctx.file.exports],
            transitive = [cc_toolchain.all_files],
        ),
        env = cc_common.get_environment_variables(
            feature_configuration = features,
            action_name = "c++-link-dynamic-library",
            variables = variables,
        ),
        mnemonic = "InstallLink",
        outputs = [shared],
    )
    return [DefaultInfo(
        files = depset(installed + [shared]),
        runfiles = ctx.runfiles(files = installed + [shared]),
    )]

cc_install_libraries = rule(
    implementation = _cc_install_libraries_impl,
    attrs = {
        "archive": attr.bool(
            doc = "Whether there is a static library beside the shared one.",
            default = True,
        ),
        "deps": attr.label_list(mandatory = True, providers = [CcInfo]),
        "exports": attr.label(
            doc = "The linker's version script for the shared library.",
            allow_single_file = True,
            mandatory = True,
        ),
        "library": attr.string(
            doc = "The name without lib, as after -l.",
            mandatory = True,
        ),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

# Headers that public headers include all the same.
_INSTALLED_INTERNALS = [
    "ipmpsc/internal/endpoint/local_ref.h",
    "ipmpsc/internal/require.h",
]

def _is_generated(path):
    """Whether the plugin makes a header of this name."""
    return path.endswith(".ipmpsc.h") or path.endswith(".ipmpsc.fwd.h") or path.endswith(".ipmpsc.views.h")

def _header_path(header):
    """Returns where a header lies below include/, or None for one that is not installed."""
    for folder in ["/_virtual_includes/", "/_virtual_imports/"]:
        if folder in header.path:
            return header.path.split(folder)[1].partition("/")[2]
    path = header.short_path
    if path.startswith("../"):  # Of another repository.
        path = path[len("../"):].partition("/")[2]
    if _is_generated(path):
        return path
    if not header.is_source:
        return None
    is_internal = (path.startswith("ipmpsc/internal/") or path == "ipmpsc/channel_access.h" or
                   path in ["ipmpsc/c/call.h", "ipmpsc/c/handles.h"])
    if is_internal and path not in _INSTALLED_INTERNALS:
        return None
    return path

def _install_tree_impl(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name)
    files = {}
    for file in ctx.files.libraries:
        files["lib/" + file.basename] = file
    for file in ctx.files.programs + ctx.files.commands + ctx.files.commands_as_built:
        files["bin/" + file.basename] = file
    for dep in ctx.attr.headers:
        for header in dep[CcInfo].compilation_context.headers.to_list():
            # Of other repositories those that the plugin generates, which no package of theirs has.
            own = header.owner.workspace_name == ctx.label.workspace_name
            path = _header_path(header)
            if path and (own or _is_generated(path)):
                files["include/" + path] = header
    for target, folder in ctx.attr.files.items():
        for file in target.files.to_list():
            files["%s/%s" % (folder, file.basename)] = file
    args = ctx.actions.args()
    args.add(tree.path)
    for path, file in sorted(files.items()):
        args.add(file)
        args.add(path)
    ctx.actions.run_shell(
        arguments = [args],
        command = """
            tree=$1
            shift
            while [ $# -gt 0 ]; do
              mkdir -p "$tree/$(dirname "$2")"
              cp -L "$1" "$tree/$2"
              shift 2
            done
        """,
        inputs = files.values(),
        mnemonic = "InstallTree",
        outputs = [tree],
    )
    return [DefaultInfo(
        files = depset([tree]),
        runfiles = ctx.runfiles(files = [tree]),
    )]

install_tree = rule(
    implementation = _install_tree_impl,
    attrs = {
        "commands": attr.label_list(
            doc = "More programs of bin/, optimised.",
            cfg = optimized,
        ),
        "commands_as_built": attr.label_list(
            doc = "More programs of bin/, in the configuration of the build.",
        ),
        "files": attr.label_keyed_string_dict(
            doc = "Files, and the folder of each.",
            allow_files = True,
        ),
        "headers": attr.label_list(
            doc = "C++ libraries whose headers are installed, with the headers of this workspace that " +
                  "they include, except those of ipmpsc/internal.",
            cfg = optimized,
            providers = [CcInfo],
        ),
        "libraries": attr.label_list(
            doc = "Targets of cc_install_libraries.",
            cfg = optimized,
        ),
        "programs": attr.label_list(
            doc = "The programs of bin/, in the configuration of tools, which other targets mostly have built.",
            cfg = "exec",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
