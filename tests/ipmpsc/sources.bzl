"""The source files of libraries, for tests that read them."""

_Sources = provider(fields = ["files"])

def _collect_impl(target, ctx):
    direct = []
    for name in ["srcs", "hdrs", "textual_hdrs"]:
        direct += getattr(ctx.rule.files, name, [])
    if target.label.workspace_name or not target.label.package.startswith("ipmpsc"):
        direct = []
    deps = getattr(ctx.rule.attr, "deps", [])
    actual = getattr(ctx.rule.attr, "actual", None)
    if actual:
        deps = deps + [actual]
    return [_Sources(files = depset(
        [file for file in direct if file.is_source],
        transitive = [dep[_Sources].files for dep in deps if _Sources in dep],
    ))]

_collect = aspect(
    implementation = _collect_impl,
    attr_aspects = ["deps", "actual"],
)

def _runtime_sources_impl(ctx):
    files = depset(transitive = [dep[_Sources].files for dep in ctx.attr.deps])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

# All that `deps` are made of, as far as it is in //ipmpsc.
runtime_sources = rule(
    implementation = _runtime_sources_impl,
    attrs = {
        "deps": attr.label_list(aspects = [_collect]),
    },
)
