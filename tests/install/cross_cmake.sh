#!/bin/bash
# Builds this tree and a program for aarch64 with CMake, the toolchain file and the plugin of this machine, and
# runs the program in qemu. Takes some minutes, so it is run by hand:
#
#   tests/install/cross_cmake.sh [FOLDER]
#
# FOLDER keeps what was built, for the next time. cmake/toolchains/aarch64-linux-gnu.cmake names the packages
# to install.
set -euo pipefail
cd "$(dirname "$0")/../.."

for program in aarch64-linux-gnu-g++ qemu-aarch64-static cmake; do
  command -v "$program" >/dev/null || {
    echo "$0: $program is missing; cmake/toolchains/aarch64-linux-gnu.cmake names the packages" >&2
    exit 2
  }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
folder=${1:-$scratch}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
toolchain=$PWD/cmake/toolchains/aarch64-linux-gnu.cmake
off=(-DIPMPSC_COMMAND=OFF -DIPMPSC_BRIDGE=OFF)

# Without a plugin the error says what to do.
if cmake -S . -B "$scratch/none" "-DCMAKE_TOOLCHAIN_FILE=$toolchain" "${off[@]}" \
  -DIPMPSC_HOST_PLUGIN=IPMPSC_HOST_PLUGIN-NOTFOUND -DCMAKE_PROGRAM_PATH= >"$scratch/log" 2>&1; then
  echo "FAILED: it can be configured without a plugin of this machine" >&2
  exit 1
fi
grep -q IPMPSC_HOST_PLUGIN=FILE "$scratch/log" || { cat "$scratch/log"; exit 1; }

cmake -S . -B "$folder/host" "${off[@]}"
cmake --build "$folder/host" --target protoc-gen-ipmpsc -j "$(nproc)"
plugin=$folder/host/protoc-gen-ipmpsc
cmake -S . -B "$folder/aarch64" "-DCMAKE_TOOLCHAIN_FILE=$toolchain" "-DIPMPSC_HOST_PLUGIN=$plugin" \
  "-DCMAKE_INSTALL_PREFIX=$scratch/prefix" "${off[@]}"
cmake --build "$folder/aarch64" -j "$(nproc)"
cmake --install "$folder/aarch64" >/dev/null

# A project that finds the installed package has the same plugin.
cmake -S tests/install/consumer -B "$scratch/consumer" "-DCMAKE_TOOLCHAIN_FILE=$toolchain" \
  "-DCMAKE_PREFIX_PATH=$scratch/prefix" "-DIPMPSC_HOST_PLUGIN=$plugin"
cmake --build "$scratch/consumer" --target exchange
file=$scratch/consumer/exchange
readelf -h "$file" | grep 'Machine:.*AArch64'
output=$(timeout 120 qemu-aarch64-static "$file")
echo "$output"
version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' ipmpsc/version.h)
[ "$output" = "ipmpsc $version: 1001 messages" ]
