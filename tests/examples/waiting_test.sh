#!/bin/bash
# An example of waiting receives all its messages. Arguments: the binary, how many messages, flags.
source tests/examples/expect.sh
program=$1
messages=$2
shift 2

for round in 1 2 3; do
  output=$("$program" "$@") || fail "it ended with status $?"
  case $output in
    "received $messages messages") ;;
    skipped:*) echo "$output" ;;
    *) fail "round $round: it printed: $output" ;;
  esac
done
