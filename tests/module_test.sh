#!/bin/bash
# Builds and tests tests/module, a project that depends on this one as a module, as docs/install.md says. Does it again
# with no override, where the module comes from a registry that install/bazel_registry.sh makes.
#
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

# Builds and tests the project in the current folder.
test_project() { # OPTION...
  # --batch: no server stays behind. --symlink_prefix=/: no links either. Both projects compile the same files.
  "$here/bazelw" --batch --output_user_root="$output_root" test --symlink_prefix=/ --jobs=2 \
    --disk_cache="$output_root/cache" "$@" //... 2>&1 | sed 's/^/  /'
}

cd "$here/tests/module"
test_project

# The registry has only what is committed, so a copy of this tree is.
tree=$TEST_TMPDIR/tree
mkdir "$tree"
(cd "$here" && tar -c --exclude=./.git --exclude='./bazel-*' --exclude=target --exclude=./build .) | tar -x -C "$tree"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git -C "$tree" init --quiet
git -C "$tree" config maintenance.auto false  # It would go on in the background.
git -C "$tree" config gc.auto 0
git -C "$tree" add --all
git -C "$tree" -c user.name=test -c user.email=test@example.org commit --quiet --message="The tree"
registry=$("$tree/install/bazel_registry.sh" "$TEST_TMPDIR/registry")
rm -rf "$tree"

project=$TEST_TMPDIR/project
mkdir "$project"
cp -R "$here/tests/module/.bazelrc" "$here/tests/module/app" "$project"
sed '/^local_path_override(/,/^)/d' "$here/tests/module/MODULE.bazel" >"$project/MODULE.bazel"
if grep override\( "$project/MODULE.bazel"; then
  echo "FAILED: the project still has an override" >&2
  exit 1
fi
cd "$project"
echo "with $registry"
test_project "$registry"
