"""`@cli11` over Debian's libcli11-dev."""

load("//third_party:debian.bzl", "copy_headers", "require")

def _debian_cli11_impl(repository_ctx):
    require(repository_ctx, "/usr/include/CLI/CLI.hpp", "libcli11-dev")
    copy_headers(repository_ctx, "/usr/include/CLI", "include/CLI")
    repository_ctx.symlink(Label("//third_party/cli11:cli11.BUILD"), "BUILD.bazel")

debian_cli11 = repository_rule(
    implementation = _debian_cli11_impl,
    local = True,  # Looks at /usr again with every new server.
)
