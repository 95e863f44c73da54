#!/bin/sh
# Takes the headers that are generated now as golden files: `./bazelw run //tests/codegen:update_golden`.
set -eu
for header in tests/codegen/protos/*.ipmpsc.h tests/codegen/protos/*.ipmpsc.*.h; do
  golden="$BUILD_WORKSPACE_DIRECTORY/tests/codegen/golden/$(basename "$header")"
  cp -f "$header" "$golden"
  chmod 644 "$golden"
  echo "$golden"
done
