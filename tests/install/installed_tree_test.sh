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

refuses_bad_arguments() {
  local status=0
  install/install_as_built >/dev/null 2>&1 || status=$?
  [ "$status" = 2 ] || fail "without arguments: status $status"
  status=0
  install/install_as_built --prefix "" >/dev/null 2>&1 || status=$?
  [ "$status" = 2 ] || fail "with an empty prefix: status $status"
}

# Twice, as one who has a newer version would; then moved.
installs() {
  install/install_as_built --prefix "$prefix"
  (cd "$TEST_TMPDIR" && cd "$TEST_SRCDIR/$TEST_WORKSPACE" && install/install_as_built --prefix "$prefix")
  mv "$prefix" "$moved"
  local program=$moved/bin/protoc-gen-ipmpsc
  [ -x "$program" ] || fail "$program cannot be run"
  [ -z "$(find "$moved" -name '*.new' -o -xtype l)" ] || fail "left over: $(find "$moved" -name '*.new' -o -xtype l)"
}

installs_the_programs() {
  local version program
  version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' ipmpsc/version.h)
  for program in ipmpsc ipmpsc-bridge; do
    [ "$("$moved/bin/$program" --version)" = "$version" ] || fail "bin/$program is not version $version"
  done
  IPMPSC_DIR=$TEST_TMPDIR "$moved/bin/ipmpsc" ls >/dev/null || fail "bin/ipmpsc does not run"
  for program in ipmpsc ipmpsc-bridge protoc-gen-ipmpsc; do
    # Style is what mandoc says of pages that are not installed here.
    mandoc -T lint -W warning "$moved/share/man/man1/$program.1" || fail "the manual page of $program has faults"
    grep -qi "^$program(1)" <(mandoc -T ascii "$moved/share/man/man1/$program.1") || fail "no manual page of $program"
  done
  # systemd starts what was installed, before the folder was moved.
  grep -qx "ExecStart=$prefix/bin/ipmpsc-bridge --wait=86400 \$ARGUMENTS" \
    "$moved/lib/systemd/system/ipmpsc-bridge@.service" || fail "the unit starts something else"
  grep -qx "ExecStart=$prefix/bin/ipmpsc-bridge \$ARGUMENTS" \
    "$moved/lib/systemd/system/ipmpsc-bridge-in@.service" || fail "the unit into a channel starts something else"
}

installs_completions() {
  local found
  # shellcheck disable=SC2016
  found=$(PATH=$moved/bin:$PATH bash -c 'source "$1" && complete -p ipmpsc' bash \
    "$moved/share/bash-completion/completions/ipmpsc") || fail "bash does not load the completion"
  [[ $found == *ipmpsc ]] || fail "bash completes: $found"
  # shellcheck disable=SC2016
  found=$(PATH=$moved/bin:$PATH fish -c 'source $argv[1]; complete -C "ipmpsc rec"' \
    "$moved/share/fish/vendor_completions.d/ipmpsc.fish") || fail "fish does not load the completion"
  grep -q '^receive' <<<"$found" || fail "fish completes: $found"
  # shellcheck disable=SC2016
  found=$(zsh -f -c 'fpath=($1 $fpath); autoload -Uz compinit; compinit -u -d "$2"; echo $_comps[ipmpsc]
    autoload +X _ipmpsc' zsh "$moved/share/zsh/site-functions" "$TEST_TMPDIR/dump") ||
    fail "zsh does not load the completion"
  [ "$found" = _ipmpsc ] || fail "zsh completes ipmpsc by: $found"
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

# Messages of a package with the name of our namespace are declared beside our classes. The plugin has a list of these
# names, and the headers have the namespaces.
warns_of_packages_in_our_namespaces() {
  local names name told
  names=$(grep -rhoE '^namespace ipmpsc::[a-z_]+' "$moved/include" --include='*.h' | sed 's/.*:://' | sort -u)
  [ "$(wc -w <<<"$names")" -ge 5 ] || fail "the headers have few namespaces: $names"
  for name in $names; do
    printf 'syntax = "proto3";\npackage ipmpsc.%s;\nmessage Beside {}\n' "$name" >"$work/beside.proto"
    told=$(protoc --plugin="$moved/bin/protoc-gen-ipmpsc" -I"$work" --ipmpsc_out="$work" beside.proto 2>&1)
    [[ $told == *"is in C++ namespace ipmpsc"* ]] || fail "no warning of package ipmpsc.$name: '$told'"
  done
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

refuses_bad_arguments
installs
installs_the_programs
installs_completions
exports_the_public_api_alone
builds_with_pkg_config
warns_of_packages_in_our_namespaces
builds_c
builds_with_cmake
