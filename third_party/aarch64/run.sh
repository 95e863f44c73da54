#!/bin/bash
# Runs a program: one for aarch64 in qemu, and a script or one of this machine as it is.
set -eu

machine=$(od -An -tx2 -j18 -N2 "$1")  # e_machine, of a file that begins with "\x7fELF"
if [ "$(head -c 4 "$1" | tail -c 3)" = ELF ] && [ "$((16#${machine// /}))" = 183 ]; then
  exec /usr/bin/qemu-aarch64-static "$@"
fi
exec "$@"
