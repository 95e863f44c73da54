"""Sources that include and use what is generated for a package."""

# Headers with macros, and all that the runtime includes.
_BEFORE = {
    "alone": [],
    "last": [
        "<cerrno>",
        "<cstdio>",
        "<sys/sysmacros.h>",
        "\"ipmpsc/typed/generated.h\"",
    ],
}

def use_package(package, when):
    """Declares PACKAGE_WHEN_use.cc: by itself ("alone") or behind other headers ("last").

    Args:
      package: the package of a .proto file of this name.
      when: "alone" or "last".
    """
    file = "in_tests_2fcodegen_2fpackages_2f%s_2eproto" % package.replace(".", "_2e")
    namespace = "::".join([""] + package.split(".")[:-1] + [file])
    header = "\"tests/codegen/packages/%s.ipmpsc.h\"" % package
    lines = ["#include " + name for name in _BEFORE[when] + [header]] + [
        "const void* use_%s_%s(const %s::MessageView& view) { return &view; }" % (
            package.replace(".", "_"),
            when,
            namespace,
        ),
    ]
    native.genrule(
        name = "%s_%s_use" % (package, when),
        outs = ["%s_%s_use.cc" % (package, when)],
        cmd = "printf '%s\\n' " + " ".join(["'%s'" % line for line in lines]) + " >$@",
    )
