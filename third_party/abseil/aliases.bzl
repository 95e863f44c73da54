"""The targets of one package of Abseil under the names that its module has."""

load(":targets.bzl", "PACKAGES")

def debian_aliases(package):
    """Aliases for what `debian_abseil` makes of Debian's package.

    Args:
      package: the folder below absl/.
    """
    for name in PACKAGES[package]:
        native.alias(
            name = name,
            actual = "@debian_abseil//absl/%s:%s" % (package, name),
            visibility = ["//visibility:public"],
        )
