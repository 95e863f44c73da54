#!/bin/bash
# Checks configurations of the models with spin, each line of a list being one:
#
#   NAME MODEL EXPECTED SEARCH DEFINES...
#
# EXPECTED is `holds`, or, where a step of the protocol is taken out, `fails:TEXT` or `unnoticed`.
# SEARCH is `safety` (assertions, and everybody asleep for ever) or `live` (the model's ltl formula,
# with weak fairness). A search counts only if it was exact and complete, and a failure only if it is
# a broken assertion or somebody who waits for ever, asleep or in a cycle, and only if what the
# verifier says of it, without its blanks, contains TEXT. `unnoticed` is a step without which the
# model holds; README.md says why.
#
#   check_model.sh MEGABYTES DEPTH LIST MODEL.pml...
#
# DEPTH is the longest path that is followed; a search that meets a longer one does not count.
#
# Prints a line for each configuration, and at last "model: N hold, N mutations fail", with
# ", N are not noticed" behind it where there are some.
set -u
megabytes=$1
depth=$2
list=$PWD/$3
shift 3
models=$PWD/$(dirname "$1")
scratch=$(mktemp -d "${TEST_TMPDIR:-/tmp}/model.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
held=0
failed=0
unnoticed=0
wrong=0

complain() { # WHAT
  echo "WRONG: $name: $1" >&2
  tail -n 25 "$scratch/$name/out" >&2
  wrong=$((wrong + 1))
}

# `count "states, stored"`: the number before these words.
count() { sed -nE "s/^[[:space:]]*([0-9.e+]+)[[:space:]]+$1.*/\1/p" "$scratch/$name/out" | head -1; }

while read -r name model expected search defines; do
  case $name in '' | '#'*) continue ;; esac
  mkdir "$scratch/$name"
  cd "$scratch/$name" || exit 1
  : >out
  case $search in
    safety) compile=(-DSAFETY -DNOCLAIM) run=() ;;
    live) compile=(-DNFAIR=3) run=(-a -f) ;;
  esac
  # shellcheck disable=SC2086  # The defines are words.
  if ! spin -a $defines "$models/$model.pml" >out 2>&1; then
    complain "spin refused it"
    continue
  fi
  # COLLAPSE keeps whole states, only packed.
  if ! "${CC:-cc}" -O1 -w -DCOLLAPSE -DMEMLIM="$megabytes" "${compile[@]}" -o pan pan.c >out 2>&1; then
    complain "the verifier did not compile"
    continue
  fi
  before=$SECONDS
  ./pan -m"$depth" -w20 ${run[@]+"${run[@]}"} >out 2>&1
  status=$?
  seconds=$((SECONDS - before))
  errors=$(sed -nE 's/.*errors: ([0-9]+).*/\1/p' out)
  figures="$(count 'states, stored') states, $(count 'total actual memory usage') MB, $seconds s"
  if [ "$expected" = holds ] || [ "$expected" = unnoticed ]; then
    if [ "$status" != 0 ] || [ "$errors" != 0 ]; then
      complain "does not hold"
    elif grep -qE 'Search not completed|max search depth|out of memory|hash conflicts.*resource' out; then
      complain "the search was not complete"
    elif [ "$(sed -nE 's/.*depth reached ([0-9]+),.*/\1/p' out)" -ge $((depth - 1)) ]; then
      complain "the search came to its greatest depth"
    elif ! grep -q 'Full statespace search' out; then
      complain "the search was not exact"
    elif [ "$expected" = unnoticed ]; then
      echo "not noticed: $name: $figures"
      unnoticed=$((unnoticed + 1))
    else
      # A statement that is never reached is one that nothing was shown of.
      unreached=$(sed -n '/^unreached in proctype/,/^$/p' out | grep -E 'state [0-9]+, ' | grep -vE -- '_spin_nvr|-end-|assert\(0\)')
      if [ -n "$unreached" ] && [ "$search" = safety ]; then
        echo "$unreached" >&2
        complain "statements were not reached"
        continue
      fi
      echo "holds: $name: $figures"
      held=$((held + 1))
    fi
  else
    found=$(grep -m1 -oE '^pan:[0-9]+: (assertion violated|acceptance cycle|invalid end state).*' out | cut -d' ' -f2- | tr -d ' ')
    if [ "$errors" != 1 ] || [ -z "$found" ] || ! [ -s "$(basename "$model").pml.trail" ]; then
      complain "a step was taken out, and nothing noticed"
    elif ! [[ $expected == fails:?* && $found == *"${expected#fails:}"* ]]; then
      complain "it must fail by '${expected#fails:}', and failed by '$found'"
    else
      echo "fails as it must: $name: $found"
      failed=$((failed + 1))
    fi
  fi
done <"$list"

not_noticed=
[ "$unnoticed" = 0 ] || not_noticed=", $unnoticed are not noticed"
echo "model: $held hold, $failed mutations fail$not_noticed"
[ "$wrong" = 0 ] && [ $((held + failed)) -gt 0 ]
