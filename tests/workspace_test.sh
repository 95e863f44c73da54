#!/bin/bash
# Builds and tests tests/workspace, a project of its own that depends on this workspace.
set -euo pipefail

here=$(dirname "$(readlink -f WORKSPACE)")
output_root=$TEST_TMPDIR/bazel
# Its outputs are read-only folders in part, which Bazel would not be able to delete with the rest.
trap 'chmod -R u+w "$output_root"; rm -rf "$output_root"' EXIT

cd "$here/tests/workspace"
# --batch: no server stays behind. --symlink_prefix=/: no links either; those that somebody's own
# build left there would be part of //... then, hence the names.
# Indented, so that nobody takes its summary for the outer Bazel's.
"$here/bazelw" --batch --output_user_root="$output_root" test --symlink_prefix=/ --jobs=2 \
  //app/... //camera/... //geometry/... //schemas/... 2>&1 | sed 's/^/  /'
