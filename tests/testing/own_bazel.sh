# A Bazel with outputs of its own, for tests that run Bazel from the disk. Sourced.

here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
output_root=$TEST_TMPDIR/bazel
# --max_idle_secs: no server stays behind, not even when this test is killed.
bazel() { "$here/bazelw" --output_user_root="$output_root" --max_idle_secs=60 "$@"; }
# Bazel could not delete its outputs with the rest of the folder, as some of them are read-only.
trap '[ ! -e "$output_root" ] || { bazel shutdown; chmod -R u+w "$output_root"; rm -rf "$output_root"; }' EXIT

# end_unless_workspace REASON: ends the test as passed on Bazel 7 and later.
end_unless_workspace() {
  local version
  version=$("$here/bazelw" --version 2>/dev/null)
  case $version in
    "bazel "[7-9].* | "bazel "[1-9][0-9].*)
      echo "not run with $version: $1"
      exit 0
      ;;
  esac
}
