#!/bin/bash
# Builds the Debian packages of this tree, checks them with lintian, installs them in a fresh root, uses
# them there, and removes them:
#
#   install/debian/try.sh [SUITE [FOLDER]]
#
# SUITE is a release of Debian, by default trixie. The packages are written to FOLDER, if one is given. On
# a release without nanobind, such as bookworm, python3-ipmpsc is left out. Takes about ten minutes. Needs
# root, debootstrap, and a network for apt. Mounts and processes end with the script.
#
# Environment:
#   IPMPSC_TRY_CACHE  a folder for roots and compiled objects, to be fast the next time
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
suite=${1:-trixie}
folder=${2-}

source "$tree/install/roots.sh"
require_roots
[ -z "$folder" ] || { mkdir -p "$folder" && folder=$(cd "$folder" && pwd); }

scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT
roots=${IPMPSC_TRY_CACHE:-$scratch}/$suite
mkdir -p "$roots/objects"

step() {
  echo "=== $*"
}

step "a root of $suite"
make_root_once "$suite" "$roots/base"
if [ ! -e "$roots/build" ]; then
  # A copy that was stopped is made again.
  rm -rf --one-file-system "$roots/build.new"
  cp -a "$roots/base" "$roots/build.new"
  mv "$roots/build.new" "$roots/build"
fi

step "the packages"
rm -rf "$roots/build/src"
mkdir -p "$roots/build/src/ipmpsc"
(cd "$tree" && git ls-files --cached --others --exclude-standard -z | tar -c --null -T -) |
  tar -x -C "$roots/build/src/ipmpsc"
in_root "$roots/build" "$roots/objects" /objects CCACHE_DIR=/objects CMAKE_CXX_COMPILER_LAUNCHER=ccache bash -euc '
  apt-get update
  apt-get install -y --no-install-recommends build-essential ccache lintian
  profiles=
  apt-cache show python3-nanobind >/dev/null 2>&1 || profiles=pkg.ipmpsc.nopython
  export DEB_BUILD_PROFILES=$profiles
  cd /src/ipmpsc
  apt-get build-dep -y --no-install-recommends ${profiles:+--build-profiles=$profiles} ./
  dpkg-buildpackage --build=binary --no-sign
  lintian --allow-root --fail-on=error,warning ../*.changes && echo "lintian: clean"'
mkdir "$scratch/packages"
cp "$roots"/build/src/*.deb "$scratch/packages"
[ -z "$folder" ] || cp "$scratch/packages"/*.deb "$folder"
rm -f "$scratch"/packages/*-dbgsym_*

step "a fresh root"
fresh=$scratch/fresh
cp -a --reflink=auto "$roots/base" "$fresh"
mkdir "$fresh/try"
cp "$tree"/tests/install/consumer/* "$tree"/examples/c/*.c "$fresh/try"
in_root "$fresh" "$scratch/packages" /packages bash -euc '
  apt-get update
  apt-get install -y --no-install-recommends /packages/*.deb g++ cmake make pkgconf systemd man-db
  cd /try

  echo "--- a program by pkg-config"
  protoc --plugin="$(pkg-config --variable=plugin ipmpsc)" -I. -I/usr/include --cpp_out=. --ipmpsc_out=. reading.proto
  g++ -std=c++17 $(pkg-config --cflags ipmpsc-proto) -I. exchange.cc reading.pb.cc \
    $(pkg-config --libs ipmpsc-proto) -o exchange
  ./exchange
  readelf -d exchange | grep "NEEDED.*libipmpsc\.so\."

  echo "--- a program by CMake"
  cmake -S . -B cmake && cmake --build cmake --target exchange
  cmake/exchange

  echo "--- programs in C, and the command beside them"
  for program in send receive; do
    gcc -std=c11 $(pkg-config --cflags ipmpsc-c) $program.c $(pkg-config --libs ipmpsc-c) -o c_$program
  done
  ./c_receive /dev/shm/lines >received &
  echo "from C" | ./c_send /dev/shm/lines
  wait $!
  [ "$(cat received)" = "from C" ]
  ipmpsc --version
  ipmpsc ls
  ipmpsc --help >/dev/null
  bash -c "source /usr/share/bash-completion/completions/ipmpsc && complete -p ipmpsc"
  ipmpsc-bridge --version
  systemd-analyze verify ipmpsc-bridge@quotes.service ipmpsc-bridge-in@quotes.service

  if [ -e /packages/python3-ipmpsc_*.deb ]; then
    echo "--- Python"
    python3 - <<END
import ipmpsc
channel = ipmpsc.Channel.create("/dev/shm/python")
receiver = ipmpsc.Receiver(channel)
ipmpsc.Sender(ipmpsc.Channel.open("/dev/shm/python")).send(b"from Python")
assert receiver.receive_bytes(timeout=10) == b"from Python"
END
  fi

  echo "--- removed"
  apt-get purge -y ipmpsc ipmpsc-bridge libipmpsc-dev "libipmpsc0.*" protoc-gen-ipmpsc python3-ipmpsc ||
    apt-get purge -y ipmpsc ipmpsc-bridge libipmpsc-dev "libipmpsc0.*" protoc-gen-ipmpsc
  left=$(find / -xdev -name "*ipmpsc*" -not -path "/try/*" -not -path "/packages/*" -not -path "/proc/*" \
    -not -path "/var/lib/apt/*")
  [ -z "$left" ] || { echo "left over: $left"; exit 1; }'
echo "every package was built, installed, used and removed"
