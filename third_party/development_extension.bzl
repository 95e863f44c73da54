"""`development_dependencies()` for MODULE.bazel. Bazel before 6 cannot load this file."""

load("//third_party:development.bzl", "development_dependencies")

development = module_extension(implementation = lambda _: development_dependencies())
