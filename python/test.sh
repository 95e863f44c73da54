#!/bin/bash
# Builds the Python package, installs it into a fresh virtual environment and runs its tests, beside the programs
# in C++ and C of examples/.
#
#   python/test.sh [PYTHON] [-- ARGUMENT OF PYTEST...]
#
# Takes about two minutes. pip fetches the tools of the build and of the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

python=python3
if [ $# -gt 0 ] && [ "$1" != -- ]; then
  python=$1
  shift
fi
[ "${1-}" != -- ] || shift

./bazelw build //examples:receive //examples:send //examples/c:receive //examples/c:send
environment=$(mktemp -d)
programs=$(mktemp -d)
trap 'rm -rf "$programs" "$environment"' EXIT
cp -L bazel-bin/examples/text/receive bazel-bin/examples/text/send "$programs"
cp -L bazel-bin/examples/c/receive "$programs/c_receive"
cp -L bazel-bin/examples/c/send "$programs/c_send"

"$python" -m venv "$environment"
"$environment/bin/pip" install --quiet './python[test]'
IPMPSC_PROGRAMS=$programs "$environment/bin/python" -m pytest -q python/tests "$@"
"$environment/bin/python" python/benchmark.py
