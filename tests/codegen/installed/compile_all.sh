#!/bin/bash
# Generates and compiles every .proto file below a folder, each for itself and beside its .pb.h.
#
#   tests/codegen/installed/compile_all.sh FOLDER [IMPORT_ROOT...]
#
# Searches the roots for imports, then FOLDER, then the .proto files of ipmpsc, then /usr/include. Compiles with $CXX (by
# default g++), -Wall -Wextra -Werror. Prints what does not compile, and one line at the end. No failure,
# but counted, are files that protoc refuses (they are named), and those of which protobuf makes no
# .pb.h, or none that compiles: what is ours must compile without.
set -u
tree=$(cd "$(dirname "$0")/../../.." && pwd -P)
if [ $# = 0 ] || [ ! -d "$1" ]; then
  [ $# = 0 ] || echo "compile_all.sh: $1 is not a folder" >&2
  echo "usage: tests/codegen/installed/compile_all.sh FOLDER_WITH_PROTO_FILES [IMPORT_ROOT...]" >&2
  exit 2
fi
folder=$(realpath "$1")
shift
roots=()
for root in "$@" "$folder" "$tree/proto" /usr/include; do roots+=("-I$(realpath "$root")"); done

cd "$tree" || exit 1
./bazelw build --noshow_progress --show_result=0 //codegen:protoc-gen-ipmpsc || exit 1
plugin=$PWD/bazel-bin/codegen/protoc-gen-ipmpsc
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

compiled=0
alone=0
failed=0
refused=0
# A file's messages are known by its import path: the first root that it lies in.
import_path() {
  local root
  for root in "${roots[@]}"; do
    case $1 in "${root#-I}"/*) echo "${1#"${root#-I}"/}" && return ;; esac
  done
}

compile() { # HEADER...
  printf '#include "%s"\n' "$@" |
    "${CXX:-g++}" -std=c++17 -fsyntax-only -Wall -Wextra -Werror -I. -iquote "$scratch/out" -isystem "$scratch/out" \
      -x c++ -
}

fail() { # PATH
  failed=$((failed + 1))
  echo "FAILED: $1"
  head -20 "$scratch/errors"
}

while read -r file; do
  path=$(import_path "$file")
  rm -rf "$scratch/out" "$scratch/imports"
  mkdir "$scratch/out"
  # It and all that it imports, protobuf's own excepted.
  if ! protoc "${roots[@]}" --include_imports -o "$scratch/imports" "$path" 2>"$scratch/errors"; then
    refused=$((refused + 1))
    echo "protoc refuses $path: $(head -1 "$scratch/errors")"
    continue
  fi
  mapfile -t all < <(protoc --decode=google.protobuf.FileDescriptorSet google/protobuf/descriptor.proto -I/usr/include \
    <"$scratch/imports" | sed -n 's/^  name: "\(.*\)"$/\1/p')
  mapfile -t others < <(printf '%s\n' "${all[@]}" | grep -v '^google/protobuf/')
  # protoc ends by SIGABRT, without a word, on what its C++ generator has not: weak imports.
  if [ "${#others[@]}" != 0 ] && ! (protoc "${roots[@]}" --cpp_out="$scratch/out" "${others[@]}") >"$scratch/errors" 2>&1; then
    beside=false
  else
    beside=true
  fi
  ours=${path%.proto}.ipmpsc.h
  theirs=${path%.proto}.pb.h
  if ! protoc "${roots[@]}" "--plugin=protoc-gen-ipmpsc=$plugin" --ipmpsc_out="$scratch/out" "${all[@]}" 2>"$scratch/errors"; then
    fail "$path"
  elif "$beside" && compile "$ours" "$theirs" 2>"$scratch/errors"; then
    compiled=$((compiled + 1))
  elif "$beside" && compile "$theirs" 2>/dev/null; then
    fail "$path"
  elif compile "$ours" 2>"$scratch/errors"; then
    compiled=$((compiled + 1))
    alone=$((alone + 1))
  else
    fail "$path"
  fi
done < <(find "$folder" -name '*.proto' | sort)

echo "$compiled files compiled ($alone without a .pb.h), $failed failed, $refused refused by protoc"
[ "$failed" = 0 ] && [ "$compiled" -gt 0 ]
