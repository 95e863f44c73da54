#!/bin/bash
# Builds and tests tests/module, a project that depends on this one as a module, as docs/install.md says.
# Passes without building on a Bazel before 7, which has no modules; .ci/compat runs it with a later one.
set -euo pipefail

here=$(dirname "$(readlink -f WORKSPACE)")
version=$("$here/bazelw" --version 2>/dev/null)  # Of Debian's Bazel 4 it is "no_version".
case $version in
  "bazel "[7-9].* | "bazel "[1-9][0-9].*) ;;
  *)
    echo "not run: a Bazel before 7 ('$version') has no modules, only WORKSPACE"
    exit 0
    ;;
esac

output_root=$TEST_TMPDIR/bazel
# Bazel could not delete its outputs with the rest of the folder, as some of them are read-only.
trap 'chmod -R u+w "$output_root"; rm -rf "$output_root"' EXIT
cd "$here/tests/module"
# --batch: no server stays behind. --symlink_prefix=/: no links either.
"$here/bazelw" --batch --output_user_root="$output_root" test --symlink_prefix=/ --jobs=2 //... 2>&1 |
  sed 's/^/  /'
