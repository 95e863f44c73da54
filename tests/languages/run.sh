#!/bin/bash
# Builds the peers in C++, C, Python and Rust and runs matrix.sh with all of them: 16 pairs. Needs cargo, and pip
# with access to a package index, which fetches the tools that build the Python package.
#
#   tests/languages/run.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${1-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

./bazelw run //:install -- --prefix "$work/prefix"
./bazelw build //tests/languages:c_peer //tests/languages:cxx_peer
cp -L bazel-bin/tests/languages/c_peer bazel-bin/tests/languages/cxx_peer "$work"
IPMPSC_LIB_DIR=$work/prefix/lib CARGO_TARGET_DIR=$work/target \
  cargo build --locked --manifest-path tests/languages/rust/Cargo.toml
"$python" -m venv "$work/environment"
"$work/environment/bin/pip" install --quiet ./python
export LD_LIBRARY_PATH=$work/prefix/lib${LD_LIBRARY_PATH+:$LD_LIBRARY_PATH}
tests/languages/matrix.sh c++="$work/cxx_peer" c="$work/c_peer" rust="$work/target/debug/rust_peer" \
  python="$work/environment/bin/python tests/languages/peer.py"
