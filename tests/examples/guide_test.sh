#!/bin/bash
# A program of docs/guide.md prints what it should and leaves nothing behind. Arguments: the binary, the lines that it
# prints, in any order. "N" stands for a number, the same one in all lines of the program.
source tests/examples/expect.sh
program=$1
shift

export IPMPSC_DIR=$TEST_TMPDIR/channels
mkdir "$IPMPSC_DIR"
wanted=$(printf '%s\n' "$@" | sort)
for round in 1 2 3; do
  output=$("$program") || fail "it ended with status $?"
  got=$(printf '%s\n' "$output" | sort)
  if [[ $wanted == *" N"* ]]; then
    number=$(sed -n 's/^sent until the channel was closed: //p' <<<"$got")
    [ "${number:-0}" -ge 3000 ] || fail "round $round: it sent ${number:-nothing}"
    [ "$got" = "$(sed "s/ N\$/ $number/" <<<"$wanted" | sort)" ] || fail "round $round: it printed: $output"
  else
    [ "$got" = "$wanted" ] || fail "round $round: it printed: $output"
  fi
  [ -z "$(ls "$IPMPSC_DIR")" ] || fail "round $round: left behind: $(ls "$IPMPSC_DIR")"
done
expect_bad_input "this takes no arguments" "$program" unwanted
IPMPSC_DIR=$TEST_TMPDIR/missing expect_bad_input "set IPMPSC_DIR to another place" "$program"

finish
