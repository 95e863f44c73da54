#!/bin/bash
# Builds and tests tests/module, a project of its own that depends on this one as a module. Bazel has modules
# from 7 on: .ci/compat runs this where there is one.
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
# Its outputs are read-only folders in part, which Bazel would not be able to delete with the rest.
trap 'chmod -R u+w "$output_root"; rm -rf "$output_root"' EXIT
cd "$here/tests/module"
# --batch: no server stays behind. --symlink_prefix=/: no links either. Not by bazelw, whose options are for
# its own tree.
bazel=$(command -v bazel || command -v bazelisk)
"$bazel" --batch --output_user_root="$output_root" test --symlink_prefix=/ --jobs=2 //app/... 2>&1 |
  sed 's/^/  /'
