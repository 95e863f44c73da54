#!/bin/bash
# A package that is installed while a Bazel server runs is found by the next ./bazelw, on that server.
set -u

source "$(dirname "$(readlink -f WORKSPACE)")/tests/testing/own_bazel.sh"
end_unless_workspace "the project here has no modules"

# The machine with a file of installed packages of its own, since dpkg may run on the real one.
export IPMPSC_SYSROOT=$TEST_TMPDIR/root
installed=$IPMPSC_SYSROOT/var/lib/dpkg/status
mkdir "$IPMPSC_SYSROOT"
for folder in /*; do [ "$folder" = /var ] || ln -s "$folder" "$IPMPSC_SYSROOT$folder"; done
mkdir -p "$(dirname "$installed")"
touch -d yesterday "$installed"

header=$TEST_TMPDIR/installed/thing.h
mkdir "$TEST_TMPDIR/project" "$(dirname "$header")"
cd "$TEST_TMPDIR/project" || exit 1
cat >WORKSPACE <<END
local_repository(name = "ipmpsc", path = "$here")

load("@ipmpsc//:deps.bzl", "ipmpsc_dependencies")
load("@ipmpsc//third_party/peers:optional_library.bzl", "optional_library")

ipmpsc_dependencies()

optional_library(name = "thing", define = "HAS_THING", header = "$header", target = "thing")
END

# Prints the target as the server has it, with the number of the server.
look() {
  bazel query --output=build @thing//:thing 2>"$TEST_TMPDIR/query" ||
    fail "the query failed: $(cat "$TEST_TMPDIR/query")"
  bazel info server_pid 2>/dev/null
}

before=$(look)
[[ $before != *HAS_THING* ]] || fail "it is there before it was installed: $before"
touch "$header"
same=$(look)
[ "$same" = "$before" ] || fail "the repository was made again, though no package was installed: $same"

touch "$installed"
after=$(look)
[[ $after == *HAS_THING* ]] || fail "it is not found after it was installed: $after"
[ "$(tail -n 1 <<<"$after")" = "$(tail -n 1 <<<"$before")" ] || fail "another server answered: $before, $after"

finish
