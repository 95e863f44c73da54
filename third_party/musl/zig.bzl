"""`@musl`: a toolchain of zig, as PyPI has it, that links statically with musl."""

def _zig_toolchain_impl(repository_ctx):
    wheels = str(repository_ctx.path("wheels"))
    requirements = repository_ctx.path(Label("//third_party/musl:requirements.txt"))
    result = repository_ctx.execute(
        ["python3", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"] +
        ["--requirement", requirements, "--dest", wheels],
        timeout = 600,
    )
    if result.return_code:
        fail("pip cannot fetch zig. Run ./bazelw, or apt-get install python3-pip, and look at the network:\n" +
             result.stderr)
    wheel = repository_ctx.path("wheels").readdir()[0]

    # The version in the path makes Bazel's action keys tell versions apart.
    folder = repository_ctx.path("-".join(wheel.basename.split("-")[:2]))
    result = repository_ctx.execute(["python3", "-m", "zipfile", "-e", wheel, folder], timeout = 600)
    if result.return_code:
        fail("cannot unpack %s: %s" % (wheel, result.stderr))
    repository_ctx.delete("wheels")
    zig = folder.get_child("ziglang").get_child("zig")
    lib = folder.get_child("ziglang").get_child("lib")
    machine = repository_ctx.execute(["uname", "-m"]).stdout.strip()
    user = repository_ctx.execute(["id", "-u"]).stdout.strip()
    bin = folder.get_child("bin")
    substitutions = {
        "%{bin}": str(bin),
        "%{cache}": "/tmp/ipmpsc-zig-" + user,
        "%{target}": machine + "-linux-musl",
        "%{zig_lib}": str(lib),
        "%{zig}": str(zig),
    }
    result = repository_ctx.execute(["chmod", "+x", zig])
    if result.return_code:
        fail("chmod: " + result.stderr)
    for tool in ["ar", "cc"]:
        repository_ctx.template(
            str(bin) + "/" + tool,
            Label("//third_party/musl:zig.sh"),
            substitutions,
            executable = True,
        )
    repository_ctx.template(
        "BUILD.bazel",
        Label("//third_party/musl:toolchain.BUILD"),
        substitutions,
        executable = False,
    )

zig_toolchain = repository_rule(implementation = _zig_toolchain_impl)
