"""What the repository rules over Debian's packages share."""

def library_dir(repository_ctx):
    """Returns Debian's folder of libraries for the machine's architecture."""
    result = repository_ctx.execute(["gcc", "-print-multiarch"])
    if result.return_code:
        fail("gcc -print-multiarch: " + result.stderr)
    return "/usr/lib/" + result.stdout.strip()

def require(repository_ctx, path, package):
    """Fails with the name of the Debian package if `path` does not exist."""
    if not repository_ctx.path(path).exists:
        fail("%s is missing: run ./bazelw, or apt-get install %s" % (path, package))

def copy_headers(repository_ctx, source, target):
    """Copies the folder of headers `source` to `target`.

    Links would have the inodes of the files in /usr/include, which clang takes for
    system headers: layering_check would then allow all of them to everybody.
    """
    repository_ctx.file(target + "/.keep", "")  # Makes the folder.
    result = repository_ctx.execute(["cp", "-RL", source + "/.", target])
    if result.return_code:
        fail("cp: " + result.stderr)
