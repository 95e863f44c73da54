"""`@com_google_absl` over Debian's libabsl-dev.

What links with what comes from the package's own pkg-config files, of which Debian ships one for
each target of upstream. What users may depend on is in targets.bzl.
"""

load("//third_party:debian.bzl", "AARCH64_SETTING", "MUSL_ATTRS", "MUSL_SETTING", "copy_headers", "library_dir", "link_libraries", "parse_pkg_config", "require", "unless_musl")
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

_LIBRARY = """
cc_library(
    name = "{name}",
    srcs = {srcs},
    linkopts = {linkopts},
    visibility = ["//:__subpackages__"],
    deps = {deps},
)
"""

_TARGET = """
cc_library(
    name = "{name}",
    hdrs = {hdrs},
    visibility = ["//visibility:public"],
    deps = {deps},
)
"""

_FOR_PROTOBUF = """
# The libraries of Debian's protobuf, which was built with this Abseil.
cc_library(
    name = "for_protobuf",
    visibility = ["//visibility:public"],
    deps = {deps},
)
"""

def _library(repository_ctx, lib_dir, pc):
    name = pc.basename[:-len(".pc")]
    requires, libs = parse_pkg_config(repository_ctx, lib_dir, name)
    own = ["lib" + flag[len("-l"):] for flag in libs if flag.startswith("-labsl_")]
    linkopts = [flag for flag in libs if not flag.startswith("-labsl_")]
    return _LIBRARY.format(
        name = name,
        srcs = link_libraries(repository_ctx, lib_dir, "debian/", own),
        linkopts = linkopts + ["-pthread"],
        # Some name themselves.
        deps = [":" + required for required in requires if required != name],
    )

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

    musl = repository_ctx.attr.musl
    load_cc = "load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")\n"
    libraries = [
        _library(repository_ctx, lib_dir, pc)
        for pc in sorted(repository_ctx.path(lib_dir + "/pkgconfig").readdir(), key = str)
        if pc.basename.startswith("absl_")
    ]
    repository_ctx.file("debian/BUILD.bazel", load_cc + "".join(libraries))
    repository_ctx.file("BUILD.bazel", _HEADERS + _for_protobuf(repository_ctx, lib_dir) + AARCH64_SETTING + MUSL_SETTING)
    for package, targets in PACKAGES.items():
        text = load_cc
        for name, target in targets.items():
            hdrs = ["//:include/absl/%s/%s" % (package, header) for header in target.hdrs]
            pc = "absl_" + (target.pc or name)
            deps = ["//:headers", "//debian:" + pc]
            if target.optional and not repository_ctx.path(lib_dir + "/pkgconfig/%s.pc" % pc).exists:
                hdrs, deps = [], []
            text += _TARGET.format(
                name = name,
                hdrs = unless_musl(hdrs, []) if musl else hdrs,
                deps = unless_musl(deps, [musl]) if musl else deps,
            )
        repository_ctx.file("absl/%s/BUILD.bazel" % package, text)

debian_abseil = repository_rule(
    implementation = _debian_abseil_impl,
    attrs = MUSL_ATTRS,
    local = True,  # Looks at /usr again with every new server.
)
