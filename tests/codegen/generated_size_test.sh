#!/bin/sh
# generated_size_test.sh PROTOC PLUGIN PROTO...: tests that the headers of a .proto file, without
# documentation comments, are at most half as long as its .pb.h alone. 1000 bytes are allowed for what
# every header has. Prints the lengths.
set -eu
protoc=$1
plugin=$2
shift 2
out=$TEST_TMPDIR

"$protoc" -I. -Iproto -I/usr/include "--plugin=protoc-gen-ipmpsc=$plugin" "--cpp_out=$out" "--ipmpsc_out=$out" "$@"
failed=0
echo "bytes of .ipmpsc.h and those it includes, .pb.h, .pb.cc:"
for proto; do
  stem=$out/${proto%.proto}
  ours=$(cat "$stem.ipmpsc.h" "$stem".ipmpsc.*.h | grep -v '^ *///' | wc -c)
  theirs=$(wc -c <"$stem.pb.h")
  echo "$proto: $ours $theirs $(wc -c <"$stem.pb.cc")"
  if [ $((2 * (ours - 1000))) -gt "$theirs" ]; then
    echo "FAILED: $proto: longer than half of the .pb.h" >&2
    failed=1
  fi
done
exit $failed
