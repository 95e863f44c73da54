#!/bin/bash
# The telemetry example counts every sample when vehicles are killed, and leaves no process behind.
# Argument: the telemetry binary.
source tests/examples/expect.sh
telemetry=$1
output=$TEST_TMPDIR/output

first_process() { sed -n 's/^channel .* processes \([0-9]*\) to [0-9]*$/\1/p' "$output"; }
is_shown() { [ -n "$(first_process)" ]; }
has_progress() { grep -q '^[1-9][0-9]* samples$' "$output"; }
# row VEHICLE COLUMN: prints one number of the table.
row() { awk -v vehicle="$1" -v column="$2" '/^vehicle/ { table = 1; next } table && $1 == vehicle { print $column }' "$output"; }
channel() { sed -n 's/^channel \([^ ,]*\),.*/\1/p' "$output"; }
are_gone() { ! kill -0 "$@" 2>/dev/null; }

"$telemetry" --vehicles=5 --samples=3000 --rate=0 >"$output" || fail "it failed"
[ "$(tail -n 1 "$output")" = "15000 samples of 5 vehicles, 0 lost" ] || fail "it says: $(tail -n 1 "$output")"
for vehicle in 0 1 2 3 4; do
  [ "$(row $vehicle 2)" = 3000 ] || fail "vehicle $vehicle has $(row $vehicle 2) samples"
  [ "$(row $vehicle 9)" = 30 ] || fail "vehicle $vehicle has $(row $vehicle 9) faults"
done

# start ARGUMENT...: runs the example in the background, as `pid`, with a new output.
start() {
  : >"$output"
  "$telemetry" "$@" >"$output" &
  pid=$!
}

# A vehicle is killed: its samples are counted, and those of the others are complete.
start --vehicles=4 --samples=1000 --rate=500
wait_until has_progress
kill -9 "$(first_process)" || fail "vehicle 0 could not be killed"
wait $pid || fail "it failed when a vehicle was killed"
samples=$(row 0 2)
[ "$samples" -ge 1 ] && [ "$samples" -lt 1000 ] || fail "the one that was killed has $samples samples"
grep -q '^0 .* killed by signal 9$' "$output" || fail "the table does not say that it was killed"
[ "$(tail -n 1 "$output")" = "$((3000 + samples)) samples of 4 vehicles, 0 lost" ] ||
  fail "it says: $(tail -n 1 "$output")"

# An example that is asked to end prints its results. One that is killed takes its vehicles along.
for signal in INT TERM KILL; do
  start --samples=1000000 --vehicles=2
  wait_until has_progress
  first=$(first_process)
  kill -$signal $pid
  wait $pid
  status=$?
  if [ $signal = KILL ]; then
    [ $status = 137 ] || fail "it ended with status $status when killed"
    rm "$(channel)" || fail "there was no channel"  # no process is left to remove it
  else
    [ $status = 0 ] || fail "it ended with status $status at SIG$signal"
    [[ $(tail -n 1 "$output") == [1-9]*" samples of 2 vehicles, 0 lost" ]] || fail "it says: $(tail -n 1 "$output")"
    [[ $(channel) == /dev/shm/* && ! -e $(channel) ]] || fail "the channel '$(channel)' was left behind"
  fi
  wait_until are_gone "$first"
done

expect_bad_input "unknown flag --wrong" "$telemetry" --wrong
expect_bad_input "unexpected argument" "$telemetry" extra
expect_bad_input "--vehicles must be 1 to 256" "$telemetry" --vehicles=0
expect_bad_input "--vehicles must be 1 to 256" "$telemetry" --vehicles=257
expect_bad_input "--samples must be" "$telemetry" --samples=0
expect_bad_input "--rate must be" "$telemetry" --rate=0.5
expect_bad_input "--rate must be" "$telemetry" --rate=nan
"$telemetry" --help | grep -q -- --vehicles || fail "--help has no usage text"

finish
