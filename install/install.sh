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

tree=$(echo install/tree*)
bridge=yes
grep -aqE 'lib(nats|rdkafka)\.so' "$tree/bin/ipmpsc-bridge" || bridge=no
(cd -L "$tree" && find -L . -type f) | while read -r file; do
  if [[ $bridge == no && $file == *bridge* ]]; then continue; fi
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
if [ "$bridge" = yes ]; then
  for unit in "$prefix"/lib/systemd/system/ipmpsc-bridge{,-in}@.service; do
    sed "s|=/usr/bin/|=$(cd "$prefix/bin" && pwd)/|" "$unit" >"$unit.new"
    mv -f "$unit.new" "$unit"
  done
else
  echo "ipmpsc-bridge is not installed, since it was built without libnats and librdkafka" >&2
fi

# The command writes its own manual page and completions.
describe() { # FILE ARGUMENT...
  mkdir -p "$(dirname "$prefix/share/$1")"
  "$prefix/bin/ipmpsc" "${@:2}" >"$prefix/share/$1.new"
  mv -f "$prefix/share/$1.new" "$prefix/share/$1"
}
if "$prefix/bin/ipmpsc" --version >/dev/null 2>&1; then
  describe man/man1/ipmpsc.1 man
  describe bash-completion/completions/ipmpsc completion bash
  describe zsh/site-functions/_ipmpsc completion zsh
  describe fish/vendor_completions.d/ipmpsc.fish completion fish
else
  echo "$prefix/bin/ipmpsc does not run here, so its manual page and completions are not installed" >&2
fi
echo "installed below $prefix"
