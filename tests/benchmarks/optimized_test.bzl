"""A test that is built with -c opt, whatever the rest of the build is."""

load("//install:optimized.bzl", "optimized")

def _optimized_test_impl(ctx):
    # An attribute with a transition is a list.
    binary = ctx.attr.binary[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        is_executable = True,
        output = executable,
        target_file = ctx.executable.binary,
    )
    return [DefaultInfo(executable = executable, runfiles = binary.default_runfiles)]

optimized_test = rule(
    implementation = _optimized_test_impl,
    attrs = {
        "binary": attr.label(
            cfg = optimized,
            executable = True,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    test = True,
)
