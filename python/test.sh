#!/bin/bash
# Builds a wheel of the Python package, installs it into a fresh virtual environment and runs its tests, beside the
# programs in C++ and C of examples/. Then measures it. Does so for each Python, one after the other.
#
#   python/test.sh [PYTHON...] [-- ARGUMENT OF PYTEST...]
#   python/test.sh python3.9 python3.10 python3.11 python3.12 python3.13
#
# Takes about two minutes for each. Goes on after a failure, and ends with a table for docs/compatibility.md. pip
# fetches the tools of the build and of the tests. IPMPSC_PROGRAMS names a folder with the programs if they are built
# already.
set -euo pipefail
cd "$(dirname "$0")/.."

pythons=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  pythons+=("$1")
  shift
done
[ "${1-}" != -- ] || shift
[ ${#pythons[@]} -gt 0 ] || pythons=(python3)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${IPMPSC_PROGRAMS-}" ]; then
  ./bazelw build //examples:camera //examples:receive //examples:send //examples:telemetry //examples/c:receive \
    //examples/c:send
  IPMPSC_PROGRAMS=$work/programs
  mkdir "$IPMPSC_PROGRAMS"
  cp -L bazel-bin/examples/text/receive bazel-bin/examples/text/send bazel-bin/examples/video/camera \
    bazel-bin/examples/telemetry/telemetry "$IPMPSC_PROGRAMS"
  cp -L bazel-bin/examples/c/receive "$IPMPSC_PROGRAMS/c_receive"
  cp -L bazel-bin/examples/c/send "$IPMPSC_PROGRAMS/c_send"
fi
export IPMPSC_PROGRAMS

# Makes an environment with the package in $work/environment. The wheel goes into $work/wheel.
install() { # PYTHON
  rm -rf "$work/environment" "$work/wheel"
  "$1" -m venv "$work/environment" &&
    "$work/environment/bin/pip" wheel --quiet --no-deps --wheel-dir "$work/wheel" ./python &&
    "$work/environment/bin/pip" install --quiet "$(echo "$work"/wheel/*.whl)[test]"
}

# The version of an installed package, or "none".
version() { # PACKAGE
  "$work/environment/bin/python" -c '
import importlib.metadata, sys
try:
    print(importlib.metadata.version(sys.argv[1]))
except importlib.metadata.PackageNotFoundError:
    print("none")' "$1"
}

failed=0
rows=()
for python in "${pythons[@]}"; do
  echo "=== $python"
  if ! install "$python"; then
    rows+=("| $(date +%F) | $python | | | not installed |")
    failed=1
    continue
  fi
  ls "$work/wheel"
  status=0
  # A test that hangs fails.
  timeout --kill-after=10 1200 "$work/environment/bin/python" -m pytest -q python/tests "$@" 2>&1 |
    tee "$work/log" || status=$?
  counts=$(sed -nE 's/^=* *([0-9].*) in [0-9.]+s.*$/\1/p' "$work/log" | tail -1)
  [ "$status" = 0 ] || failed=1
  rows+=("| $(date +%F) | $("$work/environment/bin/python" -c 'import platform; print(platform.python_version())') \
| $(version numpy) | $(version protobuf) | ${counts:-no result} |")
  "$work/environment/bin/python" python/benchmark.py || failed=1
done

echo "| date | Python | numpy | protobuf | tests |"
echo "| --- | --- | --- | --- | --- |"
printf '%s\n' "${rows[@]}"
exit "$failed"
