#!/bin/sh
# Draws in Debian's Python. A relative path of the picture is one of the folder where bazelw was called.
if [ "$#" != 4 ]; then
  echo "usage: ./bazelw run //tests/cli/operations:draw_dashboard -- SVG" >&2
  exit 2
fi
picture=$(cd "${BUILD_WORKING_DIRECTORY:-.}" && readlink -f "$4") || exit
exec /usr/bin/python3 -B tests/cli/operations/draw_dashboard.py "$1" "$2" "$3" "$picture"
