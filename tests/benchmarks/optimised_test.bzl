"""A test that is built with -c opt, whatever the rest of the build is."""

def _opt_impl(_settings, _attr):
    return {"//command_line_option:compilation_mode": "opt"}

_opt = transition(
    implementation = _opt_impl,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)

def _optimised_test_impl(ctx):
    # An attribute with a transition is a list.
    binary = ctx.attr.binary[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        is_executable = True,
        output = executable,
        target_file = ctx.executable.binary,
    )
    return [DefaultInfo(executable = executable, runfiles = binary.default_runfiles)]

optimised_test = rule(
    implementation = _optimised_test_impl,
    attrs = {
        "binary": attr.label(
            cfg = _opt,
            executable = True,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    test = True,
)
