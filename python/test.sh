#!/bin/bash
# Builds the Python package, installs it into a fresh virtual environment and runs its tests, beside the programs
# in C++ and C of examples/.
#
#   python/test.sh [PYTHON] [-- ARGUMENT OF PYTEST...]
#
# Takes about two minutes. pip fetches the tools of the build and of the tests. IPMPSC_PROGRAMS names a folder with
# the programs if they are built already.
set -euo pipefail
cd "$(dirname "$0")/.."

python=python3
if [ $# -gt 0 ] && [ "$1" != -- ]; then
  python=$1
  shift
fi
[ "${1-}" != -- ] || shift

environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
if [ -z "${IPMPSC_PROGRAMS-}" ]; then
  ./bazelw build //examples:camera //examples:receive //examples:send //examples:telemetry //examples/c:receive \
    //examples/c:send
  IPMPSC_PROGRAMS=$environment/programs
  mkdir "$IPMPSC_PROGRAMS"
  cp -L bazel-bin/examples/text/receive bazel-bin/examples/text/send bazel-bin/examples/video/camera \
    bazel-bin/examples/telemetry/telemetry "$IPMPSC_PROGRAMS"
  cp -L bazel-bin/examples/c/receive "$IPMPSC_PROGRAMS/c_receive"
  cp -L bazel-bin/examples/c/send "$IPMPSC_PROGRAMS/c_send"
fi

"$python" -m venv "$environment"
"$environment/bin/pip" install --quiet './python[test]'
IPMPSC_PROGRAMS=$IPMPSC_PROGRAMS "$environment/bin/python" -m pytest -q python/tests "$@"
"$environment/bin/python" python/benchmark.py
