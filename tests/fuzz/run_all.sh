#!/bin/bash
# Runs every fuzzer for SECONDS, one after the other, beginning with its corpus.
#
#   tests/fuzz/run_all.sh SECONDS [FOLDER [TARGET...]]
#
# FOLDER (by default a new one, which is named at the beginning) keeps for each target a log, the
# inputs that were found to reach something new, and those that crashed or hung. Prints one line for
# each target, and fails where an input crashed one.
set -u
cd "$(dirname "$0")/../.."
seconds=${1:?seconds for each target}
folder=$(realpath -m "${2:-$(mktemp -d)}")
shift $(($# < 2 ? $# : 2))
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(ls tests/fuzz/corpus)

echo "folder: $folder"
./bazelw build --config=fuzz --noshow_progress --show_result=0 "${targets[@]/#///tests/fuzz:}" || exit 1

total=0
for target in "${targets[@]}"; do
  log=$folder/$target.log
  mkdir -p "$folder/$target.found"
  # The inputs that were found go into the first folder of inputs. A crash or a hang ends the run.
  "bazel-bin/tests/fuzz/$target" "-max_total_time=$seconds" -timeout=30 -rss_limit_mb=4000 \
    -print_final_stats=1 "-artifact_prefix=$folder/$target." "$folder/$target.found" \
    "tests/fuzz/corpus/$target" >"$log" 2>&1
  status=$?
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  crashes=0
  for artifact in "$folder/$target."{crash,timeout,oom,leak}-*; do
    [ -e "$artifact" ] || continue
    crashes=$((crashes + 1))
    echo "$artifact"
  done
  # It can end without an artifact too.
  if [ "$status" != 0 ] && [ "$crashes" = 0 ]; then crashes=1; fi
  total=$((total + crashes))
  echo "$target: ${executed:-0} executions in ${seconds}s, $crashes crashes"
done
echo "fuzz: ${#targets[@]} targets, $total crashes"
[ "$total" = 0 ]
