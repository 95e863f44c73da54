#!/bin/bash
# Runs a test in Debian's Python, which has the packages that packages.txt lists.
set -euo pipefail
exec /usr/bin/python3 -B "$@"
