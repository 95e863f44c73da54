"""What links with what, from the pkg-config files of Debian's packages."""

load(":debian.bzl", "link_libraries")

_LIBRARY = """
cc_library(
    name = "{name}",
    srcs = {srcs},
    linkopts = {linkopts},
    visibility = ["//:__subpackages__"],
    deps = {deps},
)
"""

def pkg_config_names(repository_ctx, lib_dir, prefix):
    """Returns the names of pkg-config files in Debian's folder of libraries that begin so."""
    files = repository_ctx.path(lib_dir + "/pkgconfig").readdir()
    return sorted([
        file.basename[:-len(".pc")]
        for file in files
        if file.basename.startswith(prefix) and file.basename.endswith(".pc")
    ])

def parse_pkg_config(repository_ctx, lib_dir, name):
    """Reads a pkg-config file.

    Args:
      repository_ctx: of the repository.
      lib_dir: Debian's folder of libraries for the machine's architecture.
      name: of the file, without suffix.

    Returns:
      the names that it requires, without versions, and its linker flags.
    """
    requires = []
    libs = []
    for line in repository_ctx.read("%s/pkgconfig/%s.pc" % (lib_dir, name)).split("\n"):
        key, _, value = line.partition(":")
        if key == "Requires":
            # "absl_base = 20220623, absl_config", or without commas.
            words = value.replace(",", " , ").split(" ")
            requires = [word for word in words if word and word[0].isalpha()]
        elif key == "Libs":
            libs = [flag for flag in value.split(" ") if flag and not flag.startswith("-L")]
    return requires, libs

def pkg_config_libraries(repository_ctx, lib_dir, names):
    """Makes a library of each pkg-config file, in the folder `debian` of the repository.

    Args:
      repository_ctx: of the repository, whose root has AARCH64_SETTING.
      lib_dir: Debian's folder of libraries for the machine's architecture.
      names: of the files, without suffix; with all that they require.

    Returns:
      the text of debian/BUILD.bazel.
    """
    text = "load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")\n"
    for name in names:
        requires, libs = parse_pkg_config(repository_ctx, lib_dir, name)

        # The C library's have no shared one of that name, or no static one.
        own = [
            file
            for file in ["lib" + flag[len("-l"):] for flag in libs if flag.startswith("-l")]
            if repository_ctx.path("%s/%s.a" % (lib_dir, file)).exists and
               repository_ctx.path("%s/%s.so" % (lib_dir, file)).exists
        ]
        text += _LIBRARY.format(
            name = name,
            srcs = link_libraries(repository_ctx, lib_dir, "debian/", own),
            linkopts = [flag for flag in libs if "lib" + flag[len("-l"):] not in own] + ["-pthread"],
            # Some name themselves.
            deps = [":" + required for required in requires if required != name],
        )
    return text
