"""`@com_github_google_benchmark` over Debian's libbenchmark-dev."""

load("//third_party:debian.bzl", "copy_headers", "library_dir", "require")

def _debian_benchmark_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, lib_dir + "/libbenchmark.so", "libbenchmark-dev")
    copy_headers(repository_ctx, "/usr/include/benchmark", "include/benchmark")
    for library in ["libbenchmark.so", "libbenchmark_main.a"]:
        repository_ctx.symlink(lib_dir + "/" + library, library)
    repository_ctx.symlink(Label("//third_party/benchmark:benchmark.BUILD"), "BUILD.bazel")

debian_benchmark = repository_rule(
    implementation = _debian_benchmark_impl,
    local = True,  # Looks at /usr again with every new server.
)
