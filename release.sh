#!/bin/bash
# Makes the source archive of a commit and its sha256, and checks that the archive builds from nothing.
#
#   ./release.sh [--no-build] [FOLDER]
#
# Writes ipmpsc-VERSION.tar.gz and ipmpsc-VERSION.tar.gz.sha256 to FOLDER, by default `release` in this tree,
# from the commit that is checked out. The same commit gives the same bytes. --no-build leaves the build out.
set -euo pipefail
tree=$(cd "$(dirname "$0")" && pwd)

build=yes
if [ "${1-}" = --no-build ]; then
  build=no
  shift
fi
if [ $# -gt 1 ] || [[ ${1-} == -* ]]; then
  echo "usage: release.sh [--no-build] [FOLDER]" >&2
  exit 2
fi
folder=${1:-$tree/release}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$tree"

# Only what is committed is in the archive.
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
  echo "release.sh: some files differ from the commit; commit or stash them, then run this again" >&2
  git status --short --untracked-files=no >&2
  exit 1
fi
version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' ipmpsc/version.h)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

name=ipmpsc-$version
git archive --format=tar --prefix="$name/" HEAD | gzip -n -9 >"$scratch/$name.tar.gz"
(cd "$scratch" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")

tar -xzf "$scratch/$name.tar.gz" -C "$scratch"
# From here on only what is in the archive is looked at.
(
  cd "$scratch/$name"
  bash tests/install/version_test.sh
  if [ "$build" = yes ]; then
    cmake -S . -B "$scratch/build" -DCMAKE_INSTALL_PREFIX="$scratch/prefix" -DCMAKE_BUILD_TYPE=Release
    cmake --build "$scratch/build" -j "$(nproc)"
    cmake --install "$scratch/build" >/dev/null
    cmake -S tests/install/consumer -B "$scratch/consumer" -DCMAKE_PREFIX_PATH="$scratch/prefix"
    cmake --build "$scratch/consumer" --target exchange
    said=$("$scratch/consumer/exchange")
    if [ "$said" != "ipmpsc $version: 1001 messages" ]; then
      echo "release.sh: the installed library is wrong: its consumer says '$said'" >&2
      exit 1
    fi
  fi
)
mv -f "$scratch/$name.tar.gz" "$scratch/$name.tar.gz.sha256" "$folder"
cat "$folder/$name.tar.gz.sha256"
echo "$folder/$name.tar.gz"
