#!/bin/bash
# Compares the runtime's sources that CMake compiles, in this tree and in the Python package, with the files that
# there are: of those that sleep, exactly the one for this system.
set -uo pipefail
here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
cd "$TEST_TMPDIR" || exit 1

mkdir -p project
cat >project/CMakeLists.txt <<'END_OF_FILE'
cmake_minimum_required(VERSION 3.24)
project(sources LANGUAGES NONE)
include($ENV{IPMPSC_TREE}/cmake/ipmpsc_sources.cmake)
list(JOIN ipmpsc_sources "\n" lines)
file(WRITE "${CMAKE_BINARY_DIR}/sources" "${lines}\n")
END_OF_FILE
export IPMPSC_TREE=$here

expect_sources() { # LEFT_OUT OPTION...
  local left_out=$1
  shift
  rm -rf build
  cmake -S project -B build "$@" >log 2>&1 || { cat log; fail "it cannot be configured"; return; }
  find "$here/ipmpsc" -name '*.cc' ! -path "$here/ipmpsc/c/*" | grep -vE "/os/($left_out)\.cc$" | sort >expected
  sort build/sources >found
  [ "$(wc -l <expected)" -gt 50 ] || fail "the test does not find the runtime"
  diff expected found || fail "CMake has other sources with the options '$*'"
}

expect_sources 'polled_futex|umtx_futex'
expect_sources 'futex|umtx_futex' -DIPMPSC_NOFUTEX=ON

# A list of its own would miss the next file that is for another system.
for file in CMakeLists.txt python/CMakeLists.txt; do
  grep -q 'include(.*cmake/ipmpsc_sources\.cmake' "$here/$file" || fail "$file does not take the sources from cmake/"
  ! grep -E 'GLOB.*ipmpsc/(internal/)?\*' "$here/$file" || fail "$file has a list of its own"
done
finish
