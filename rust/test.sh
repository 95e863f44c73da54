#!/bin/bash
# Installs the C library into a temporary folder and runs the tests of the Rust crate against it, beside the
# programs of examples/c.
#
#   rust/test.sh [ARGUMENT OF CARGO TEST...]
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
./bazelw run //:install -- --prefix "$work/prefix"
./bazelw build //examples/c:receive //examples/c:send
mkdir "$work/programs"
cp -L bazel-bin/examples/c/receive bazel-bin/examples/c/send "$work/programs"
cd rust
export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig IPMPSC_PROGRAMS=$work/programs CARGO_TARGET_DIR=$work/target
cargo test --locked --no-run
# A test that hangs fails.
timeout --kill-after=10 600 cargo test --locked "$@"
