#!/bin/sh
# no_protobuf_test.sh WITHOUT WITH: the program WITHOUT works and has nothing of protobuf in it. The
# same is not said of the program WITH.
set -eu
without=$1
with=$2

# The symbols of protobuf's library that the program has or wants. The views of protobuf's own messages are in
# its namespace, too, and are ours.
protobuf_of() {
  readelf -d "$1" | grep -F '(NEEDED)' | grep -F 'libprotobuf' || true
  nm -C "$1" | grep -E '[A-Za-z] (typeinfo for |vtable for )?google::protobuf::(internal::|Message|MessageLite|Arena|Reflection|DescriptorPool)' || true
  nm -uC "$1" | grep -F 'google::protobuf::' || true
}

"$without"
found=$(protobuf_of "$without")
if [ -n "$found" ]; then
  echo "FAILED: $without has" >&2
  echo "$found" | head -20 >&2
  exit 1
fi
if [ -z "$(protobuf_of "$with")" ]; then
  echo "FAILED: nothing of protobuf is found in $with, which has it" >&2
  exit 1
fi
