"""What the repository rules over Debian's packages share."""

def library_dir(repository_ctx):
    """Returns Debian's folder of libraries for the machine's architecture."""
    result = repository_ctx.execute(["gcc", "-print-multiarch"])
    if result.return_code:
        fail("gcc -print-multiarch: " + result.stderr)
    return "/usr/lib/" + result.stdout.strip()

# A build with --config=aarch64 links with that architecture's packages.
AARCH64_DIR = "/usr/lib/aarch64-linux-gnu"

AARCH64_SETTING = """
config_setting(
    name = "aarch64",
    values = {"cpu": "aarch64"},
    visibility = ["//:__subpackages__"],
)
"""

# A build with --config=musl compiles the package's libraries from source (third_party/musl).
MUSL_SETTING = """
config_setting(
    name = "musl",
    values = {"cpu": "musl"},
    visibility = ["//:__subpackages__"],
)
"""

def unless_musl(value, musl_value):
    """Returns the Starlark expression for an attribute that --config=musl changes.

    Args:
      value: of the attribute.
      musl_value: of the attribute with --config=musl. The repository's root has MUSL_SETTING.
    """
    return "select({\"//:musl\": %s, \"//conditions:default\": %s})" % (repr(musl_value), repr(value))

MUSL_ATTRS = {
    "musl": attr.string(
        doc = "The label of the library that a build with --config=musl uses. Without it there is none.",
    ),
}

def link_libraries(repository_ctx, lib_dir, folder, names):
    """Links libraries of the machine, and of aarch64, into a folder of the repository.

    Bazel takes the static ones, or the shared ones where it links dynamically.

    Args:
      repository_ctx: of the repository.
      lib_dir: Debian's folder of libraries for the machine's architecture.
      folder: where to put them; those of aarch64 lie in `aarch64` in it.
      names: of the libraries, without suffix.

    Returns:
      the Starlark expression for `srcs`. The repository's root has AARCH64_SETTING.
    """
    files = []
    for name in names:
        for suffix in [".a", ".so"]:
            file = name + suffix
            repository_ctx.symlink(lib_dir + "/" + file, folder + file)
            repository_ctx.symlink(AARCH64_DIR + "/" + file, folder + "aarch64/" + file)
            files.append(file)
    return "select({\"//:aarch64\": %s, \"//conditions:default\": %s})" % (
        ["aarch64/" + file for file in files],
        files,
    )

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

# A repository that may lack its package looks again when this changes: bazelw sets it to the time of
# the last change of the installed packages. The others fail without theirs, and need no other look.
INSTALLED = ["IPMPSC_INSTALLED"]

def require(repository_ctx, path, package):
    """Fails with the name of the Debian package if `path` does not exist."""
    if not repository_ctx.path(path).exists:
        fail("%s is missing: run ./bazelw, or apt-get install %s" % (path, package))

def copy_headers(repository_ctx, source, target):
    """Copies the folder of headers `source` to `target`.

    Put them below a folder of their own: `includes` makes it one of system headers. Clang reads
    headers in the root of a repository as code of the program, with all warnings, since Bazel
    gives it that root by -iquote as well.

    Links would have the inodes of the files in /usr/include, which clang takes for
    system headers: layering_check would then allow all of them to everybody.
    """
    repository_ctx.file(target + "/.keep", "")  # Makes the folder.
    result = repository_ctx.execute(["cp", "-RL", source + "/.", target])
    if result.return_code:
        fail("cp: " + result.stderr)
