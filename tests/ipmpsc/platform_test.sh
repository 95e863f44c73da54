#!/bin/bash
# A 32-bit process, and another system, are refused when they are compiled, in clear words. The header
# includes nothing, so that no 32-bit C library is needed here.
set -euo pipefail

header=ipmpsc/platform.h
compile() {
  "${CXX:-g++}" "$@" -std=c++17 -x c++ -fsyntax-only "$header" 2>"$TEST_TMPDIR/errors"
}

compile || { cat "$TEST_TMPDIR/errors" >&2; exit 1; }

if compile -U__linux__; then
  echo "FAILED: a compilation for another system goes through" >&2
  exit 1
fi
grep -q "ipmpsc runs on Linux only" "$TEST_TMPDIR/errors" || { cat "$TEST_TMPDIR/errors" >&2; exit 1; }

if ! "${CXX:-g++}" -m32 -E -x c++ /dev/null >/dev/null 2>&1; then
  echo "not run: this compiler has no -m32"
  exit 0
fi
if compile -m32; then
  echo "FAILED: a 32-bit compilation goes through" >&2
  exit 1
fi
grep -q "ipmpsc is for 64-bit processes only" "$TEST_TMPDIR/errors" || { cat "$TEST_TMPDIR/errors" >&2; exit 1; }
