"""`@nlohmann_json` over Debian's nlohmann-json3-dev."""

load("//third_party:debian.bzl", "copy_headers", "require")

def _debian_nlohmann_json_impl(repository_ctx):
    require(repository_ctx, "/usr/include/nlohmann/json.hpp", "nlohmann-json3-dev")
    copy_headers(repository_ctx, "/usr/include/nlohmann", "include/nlohmann")
    repository_ctx.symlink(Label("//third_party/nlohmann_json:nlohmann_json.BUILD"), "BUILD.bazel")

debian_nlohmann_json = repository_rule(
    implementation = _debian_nlohmann_json_impl,
    local = True,  # Looks at /usr again with every new server.
)
