#!/bin/bash
# docs/performance.md shows what the model of contention prints.
set -u
root=$(dirname "$(readlink -f WORKSPACE)")
said=$(sed -n '/<!-- contention: begin -->/,/<!-- contention: end -->/p' "$root/docs/performance.md" | sed '1d;$d')
printed=$(benchmarks/contention/contention)
if [ "$said" != "$printed" ]; then
  diff <(echo "$said") <(echo "$printed")
  echo "Copy the output of ./bazelw run //benchmarks/contention between the marks in docs/performance.md."
  exit 1
fi
