#!/bin/sh
# missing.sh PACKAGE: says that a Debian package is not installed, and fails.
echo "FAILED: the Debian package $1 is not installed: run ./bazelw, or apt-get install $1" >&2
exit 1
