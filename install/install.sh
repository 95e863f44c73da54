#!/bin/bash
# Copies what is installed below a prefix.
#
#   ./bazelw run //:install -- --prefix DIR
#
# DIR is made if it is not there, and may be moved afterwards. Files of the same names are replaced, others
# left alone.
set -euo pipefail

if [ $# -ne 2 ] || [ "$1" != --prefix ] || [ -z "$2" ]; then
  echo "usage: bazel run //:install -- --prefix DIR" >&2
  exit 2
fi
prefix=$2
# As seen from where the user stands, not from where Bazel runs this.
[[ $prefix == /* ]] || prefix=${BUILD_WORKING_DIRECTORY:-$PWD}/$prefix

tree=install/tree
(cd -L "$tree" && find -L . -type f) | while read -r file; do
  mode=644
  [[ $file == ./bin/* ]] && mode=755
  # Into a new file: a running program keeps the one that it has mapped.
  install -D -m "$mode" "$tree/$file" "$prefix/$file.new"
  mv -f "$prefix/$file.new" "$prefix/$file"
done

# libX.so.0.1.0, which programs find as libX.so.0.1 and the linker as libX.so.
for library in "$tree"/lib/*.so.*; do
  name=$(basename "$library")
  ln -sf "$name" "$prefix/lib/${name%.*}"
  ln -sf "${name%.*}" "$prefix/lib/${name%%.so.*}.so"
done
echo "installed below $prefix"
