#!/bin/sh
# site.sh HEADER... OUTDIR: builds the site in Debian's Python.
exec /usr/bin/python3 -B docs/site/build.py "$@"
