#!/bin/bash
# Installs, looks at what is there, and builds and runs a program against it: with nothing but a compiler and
# pkg-config, then with CMake.
set -euo pipefail

prefix=$TEST_TMPDIR/prefix
moved=$TEST_TMPDIR/moved
work=$TEST_TMPDIR/work
consumer=$PWD/tests/install/consumer
cxx=${CXX:-g++}

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

has_version_everywhere() {
  local version
  version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' ipmpsc/version.h)
  [ -n "$version" ] || fail "no version in ipmpsc/version.h"
  grep -qx "VERSION = \"$version\"" install/version.bzl || fail "install/version.bzl has another version"
  grep -q "version = \"$version\"" MODULE.bazel || fail "MODULE.bazel has another version"
  [[ $version == "$(sed -n 's/^SHARED_VERSION = "\(.*\)"/\1/p' install/version.bzl)".* ]] ||
    fail "SHARED_VERSION is not the start of $version"
}

refuses_bad_arguments() {
  local status=0
  install/install >/dev/null 2>&1 || status=$?
  [ "$status" = 2 ] || fail "without arguments: status $status"
  status=0
  install/install --prefix "" >/dev/null 2>&1 || status=$?
  [ "$status" = 2 ] || fail "with an empty prefix: status $status"
}

# Twice, as one who has a newer version would; then moved.
installs() {
  install/install --prefix "$prefix"
  (cd "$TEST_TMPDIR" && cd "$TEST_SRCDIR/$TEST_WORKSPACE" && install/install --prefix "$prefix")
  mv "$prefix" "$moved"
  local program=$moved/bin/protoc-gen-ipmpsc
  [ -x "$program" ] || fail "$program cannot be run"
  [ -z "$(find "$moved" -name '*.new' -o -xtype l)" ] || fail "left over: $(find "$moved" -name '*.new' -o -xtype l)"
}

exports_the_public_api_alone() {
  local library symbols
  for library in ipmpsc ipmpsc_proto; do
    symbols=$(nm -DC --defined-only "$moved/lib/lib$library.so" | cut -d' ' -f3-)
    [ -n "$symbols" ] || fail "lib$library.so exports nothing"
    if grep -E 'ipmpsc::internal::[A-Za-z]+(::|\()' <<<"$symbols" | grep -v 'CoreDeleter'; then
      fail "lib$library.so exports what is internal"
    fi
    if grep -vE '^(.* )?ipmpsc::|ipmpsc_2f|ChannelDeclaration|ChannelInfo' <<<"$symbols"; then
      fail "lib$library.so exports what is not ours"
    fi
    if readelf -d "$moved/lib/lib$library.so" | grep -E 'RPATH|RUNPATH|TEXTREL'; then
      fail "lib$library.so depends on where it was built"
    fi
  done
  grep -q 'ipmpsc::Channel::Open(' <(nm -DC --defined-only "$moved/lib/libipmpsc.so") ||
    fail "libipmpsc.so does not export Channel::Open"
}

expect_run() { # PROGRAM
  local output
  output=$(LD_LIBRARY_PATH=$moved/lib "$@") || fail "$* ended with status $?"
  [ "$output" = "ipmpsc $(sed -n 's/^VERSION = "\(.*\)"/\1/p' install/version.bzl): 1001 messages" ] ||
    fail "$* printed: $output"
}

builds_with_pkg_config() {
  export PKG_CONFIG_PATH=$moved/lib/pkgconfig
  mkdir -p "$work"
  protoc --plugin="$(pkg-config --variable=plugin ipmpsc)" -I"$consumer" -I"$moved/include" \
    --cpp_out="$work" --ipmpsc_out="$work" reading.proto

  # Every header that is installed, in one program. The one for Asio needs Asio.
  (cd "$moved/include" && find . -name '*.h' | LC_ALL=C sort | sed 's|^\./\(.*\)|#include "\1"|') >"$work/headers.cc"
  [ -e /usr/include/asio.hpp ] || sed -i '/adapters\/asio\.h/d' "$work/headers.cc"
  [ "$(wc -l <"$work/headers.cc")" -ge 30 ] || fail "few headers: $(cat "$work/headers.cc")"

  local flags libs source
  flags=$(pkg-config --cflags ipmpsc-proto)
  libs=$(pkg-config --libs ipmpsc-proto)
  for source in "$consumer/exchange.cc" "$work/reading.pb.cc" "$work/headers.cc"; do
    # shellcheck disable=SC2086
    "$cxx" -std=c++17 -Wall -Wextra -Werror -I"$work" $flags -c "$source" -o "$work/$(basename "$source" .cc).o"
  done
  local objects=("$work/exchange.o" "$work/reading.pb.o" "$work/headers.o")
  # shellcheck disable=SC2086
  "$cxx" "${objects[@]}" $libs -o "$work/shared"
  expect_run "$work/shared"
  libs=${libs/-lipmpsc_proto/-l:libipmpsc_proto.a}
  libs=${libs/-lipmpsc /-l:libipmpsc.a }
  # shellcheck disable=SC2086
  "$cxx" "${objects[@]}" $libs -pthread -o "$work/static"
  if readelf -d "$work/static" | grep 'NEEDED.*ipmpsc'; then fail "it is not linked statically"; fi
  expect_run "$work/static"
}

# Programs in C, by the C interface.
builds_c() {
  local program
  export PKG_CONFIG_PATH=$moved/lib/pkgconfig
  for program in send receive; do
    # shellcheck disable=SC2046
    "${CC:-gcc}" -std=c11 -Werror $(pkg-config --cflags ipmpsc-c) "examples/c/$program.c" \
      $(pkg-config --libs ipmpsc-c) -o "$work/c_$program"
  done
  LD_LIBRARY_PATH=$moved/lib "$work/c_receive" "$work/lines" >"$work/received" &
  echo "from C" | LD_LIBRARY_PATH=$moved/lib "$work/c_send" "$work/lines" || fail "c_send failed"
  wait $! || fail "c_receive failed"
  [ "$(cat "$work/received")" = "from C" ] || fail "c_receive printed: $(cat "$work/received")"
}

builds_with_cmake() {
  cmake -S "$consumer" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$moved" -DCMAKE_CXX_COMPILER="$cxx" >"$work/cmake.log" ||
    fail "$(cat "$work/cmake.log")"
  cmake --build "$work/cmake" >>"$work/cmake.log" 2>&1 || fail "$(cat "$work/cmake.log")"
  expect_run "$work/cmake/exchange"
  expect_run "$work/cmake/exchange_static"
  if readelf -d "$work/cmake/exchange_static" | grep 'NEEDED.*ipmpsc'; then fail "it is not linked statically"; fi
}

has_version_everywhere
refuses_bad_arguments
installs
exports_the_public_api_alone
builds_with_pkg_config
builds_c
builds_with_cmake
