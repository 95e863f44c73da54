"""Builds with -c opt, independent of the rest of the build."""

def _optimized_impl(_settings, _attr):
    return {"//command_line_option:compilation_mode": "opt"}

optimized = transition(
    implementation = _optimized_impl,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)
