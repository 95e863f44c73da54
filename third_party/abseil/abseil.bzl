"""`@com_google_absl` over Debian's libabsl-dev.

What links with what comes from the package's own pkg-config files, of which Debian ships one for
each target of upstream. What users may depend on is in targets.bzl.
"""

load("//third_party:debian.bzl", "AARCH64_SETTING", "copy_headers", "library_dir", "require")
load("//third_party:pkg_config.bzl", "parse_pkg_config", "pkg_config_libraries", "pkg_config_names")
load(":targets.bzl", "PACKAGES")

_HEADERS = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

HEADERS = glob(["include/**/*.h", "include/**/*.inc"])

exports_files(
    HEADERS,
    visibility = ["//:__subpackages__"],
)

# Every header, for the use of the other targets alone: layering_check does not allow a user the
# headers of what its dependencies depend on.
cc_library(
    name = "headers",
    hdrs = HEADERS,
    includes = ["include"],
    visibility = ["//:__subpackages__"],
)
"""

_TARGET = """
cc_library(
    name = "{name}",
    hdrs = {hdrs},
    visibility = ["//visibility:public"],
    deps = ["//:headers", "//debian:{pc}"],
)
"""

_FOR_PROTOBUF = """
# What Debian's protobuf links with, which was built with this Abseil.
cc_library(
    name = "for_protobuf",
    visibility = ["//visibility:public"],
    deps = {deps},
)
"""

def _for_protobuf(repository_ctx, lib_dir):
    if not repository_ctx.path(lib_dir + "/pkgconfig/protobuf.pc").exists:
        return ""
    requires, _ = parse_pkg_config(repository_ctx, lib_dir, "protobuf")
    return _FOR_PROTOBUF.format(deps = [
        "//debian:" + name
        for name in requires
        if name.startswith("absl_")
    ])

def _debian_abseil_impl(repository_ctx):
    lib_dir = library_dir(repository_ctx)
    require(repository_ctx, lib_dir + "/pkgconfig/absl_base.pc", "libabsl-dev")
    copy_headers(repository_ctx, "/usr/include/absl", "include/absl")

    load_cc = "load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")\n"
    names = pkg_config_names(repository_ctx, lib_dir, "absl_")
    repository_ctx.file("debian/BUILD.bazel", pkg_config_libraries(repository_ctx, lib_dir, names))
    repository_ctx.file("BUILD.bazel", _HEADERS + _for_protobuf(repository_ctx, lib_dir) + AARCH64_SETTING)
    for package, targets in PACKAGES.items():
        text = load_cc
        for name, target in targets.items():
            text += _TARGET.format(
                name = name,
                hdrs = ["//:include/absl/%s/%s" % (package, header) for header in target.hdrs],
                pc = "absl_" + (target.pc or name),
            )
        repository_ctx.file("absl/%s/BUILD.bazel" % package, text)

debian_abseil = repository_rule(
    implementation = _debian_abseil_impl,
    local = True,  # Looks at /usr again with every new server.
)
