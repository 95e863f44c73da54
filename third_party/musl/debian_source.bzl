"""A repository with the source of a Debian package, for a C library that Debian does not build for."""

def _debian_source_impl(repository_ctx):
    attr = repository_ctx.attr
    result = repository_ctx.execute(
        [
            repository_ctx.path(Label("//third_party/musl:fetch_source.sh")),
            attr.source,
            attr.package,
            repository_ctx.path("."),
        ],
        timeout = 900,
    )
    if result.return_code:
        fail("cannot fetch the source of Debian's %s:\n%s" % (attr.source, result.stderr))

    # Upstream's own BUILD files want rules that Debian's Bazel does not have.
    result = repository_ctx.execute(["find", ".", "-name", "BUILD*", "-type", "f", "-delete"])
    if result.return_code:
        fail("find: " + result.stderr)
    repository_ctx.delete("WORKSPACE")
    repository_ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % repository_ctx.name)
    repository_ctx.symlink(attr.build_file, "BUILD.bazel")

debian_source = repository_rule(
    implementation = _debian_source_impl,
    attrs = {
        "build_file": attr.label(mandatory = True),
        "package": attr.string(
            doc = "An installed package that was built from the source.",
            mandatory = True,
        ),
        "source": attr.string(
            doc = "The name of the source package.",
            mandatory = True,
        ),
    },
)
