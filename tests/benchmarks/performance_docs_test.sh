#!/bin/bash
# docs/performance.md shows what the comparison prints of the figures beside it.
set -u
root=$(dirname "$(readlink -f WORKSPACE)")
page=$root/docs/performance.md
figures=$root/docs/performance
# The tables are of compare.json, and the targets of all runs.
runs=$(printf '%s,' "$figures/compare.json" $(ls "$figures"/compare_*.json 2>/dev/null))
printed=$(benchmarks/compare --render="${runs%,}" | sed '/^$/d')

status=0
for name in overview targets compare; do
  said=$(sed -n "/<!-- $name: begin -->/,/<!-- $name: end -->/p" "$page" | sed '1d;$d;/^$/d;/^!\[/d')
  if [ "$(echo "$said" | grep -c '^|')" -lt 10 ]; then
    echo "docs/performance.md has no table between the marks named $name"
    status=1
  fi
  case $printed in
    *"$said"*) ;;
    *)
      echo "The table of docs/performance.md between the marks named $name is not that of its figures."
      diff <(echo "$said") <(echo "$printed") | head -20
      status=1
      ;;
  esac
done
[ "$status" = 0 ] || echo "docs/performance.md says which command writes the tables: --render=... --docs"
exit "$status"
