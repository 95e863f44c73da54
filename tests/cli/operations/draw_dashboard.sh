#!/bin/sh
# Draws in Debian's Python. A relative path of the picture is one of the folder where bazelw was called.
for picture; do :; done
cd "${BUILD_WORKING_DIRECTORY:-.}" && picture=$(readlink -f "$picture") && cd "$OLDPWD" || exit
exec /usr/bin/python3 -B tests/cli/operations/draw_dashboard.py "$1" "$2" "$3" "$picture"
