#!/bin/sh
# object_size_test.sh (ALL IMPORTS MESSAGES)...: libraries of one object each. All functions of the views
# and writers of a .proto file, ALL less IMPORTS, are at most a third of the code that is in its
# .pb.cc. Prints how many bytes.
set -eu

text() {
  size "$1" | awk 'NR > 1 { sum += $1 } END { print sum }'
}

if readelf -p .comment "$1" | grep -q clang; then
  echo "not run: clang leaves out functions that nobody uses"
  exit 0
fi
failed=0
while [ $# -gt 0 ]; do
  ours=$(($(text "$1") - $(text "$2")))
  theirs=$(text "$3")
  echo "$(basename "$1"): $ours bytes of code, .pb.cc $theirs"
  if [ "$ours" -le 0 ] || [ $((3 * ours)) -gt "$theirs" ]; then
    echo "FAILED: $1: above a third" >&2
    failed=1
  fi
  shift 3
done
exit $failed
