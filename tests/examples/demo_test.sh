#!/bin/bash
# The demo verifies what it should when its senders are killed, and notices when its receiver is killed.
# Arguments: the demo binary, and how many times it says that it is not optimised, or "any".
source tests/examples/expect.sh
demo=$1
notices=$2

number_of() { sed -n "s/^$1 *process \([0-9]*\)$/\1/p" "$TEST_TMPDIR/output"; }
is_shown() { [ -n "$(number_of "$1")" ]; }
# table SENDER COLUMN: a number of the table, where column 1 is "committed".
table() { grep "^$1  *[0-9]" "$TEST_TMPDIR/output" | sed "s/^$1//" | awk -v column="$2" '{ print $column }'; }
has_progress() { grep -q ' s .* messages ' "$TEST_TMPDIR/output"; }

# Prints the path of the channel, which exists only while the demo runs.
channel() { sed -n 's/^channel *\([^ ,]*\),.*/\1/p' "$TEST_TMPDIR/output"; }
expect_no_channel() {
  [[ $(channel) == /dev/shm/* ]] || fail "the channel is '$(channel)'"
  [ ! -e "$(channel)" ] || fail "the channel was left behind"
}

# start ARGUMENT...: runs the demo in the background, as `pid`, with a new output.
start() {
  : >"$TEST_TMPDIR/output"
  "$demo" "$@" >"$TEST_TMPDIR/output" &
  pid=$!
}

expect_verified() {
  local last
  last=$(tail -n 1 "$TEST_TMPDIR/output")
  [[ $last =~ ^verified:\ [1-9][0-9]*\ messages,\ 0\ lost,\ 0\ torn,\ 0\ out\ of\ order$ ]] ||
    fail "the last line is '$last'"
}

"$demo" --seconds=3 --frames=3 >"$TEST_TMPDIR/output" || fail "the demo failed"
expect_verified
for sender in 'text 1' 'text 2' frames; do
  grep -q "^$sender  *[1-9]" "$TEST_TMPDIR/output" || fail "the table has no messages of $sender"
done
# Frames have 3840 x 2160 x 1.5 bytes. There are at most those asked for, and fewer on a slow machine.
read -r _ committed frames bytes _ < <(grep '^frames .* [0-9]' "$TEST_TMPDIR/output" | tail -n 1)
[ "$frames" -le 3 ] && [ "$frames" = "$committed" ] && [ "$bytes" = $((frames * 12441600)) ] || fail "$frames frames have $bytes bytes"

# Each sender is killed in the middle of its work.
for victim in 'text 1' 'text 2' frames; do
  start --seconds=2
  wait_until is_shown frames
  wait_until has_progress
  command=$(sed -n "s/^  \(kill -9 [0-9]*\)$/\1/p" "$TEST_TMPDIR/output")
  [ "$command" = "kill -9 $(number_of "text 1")" ] || fail "the demo invites to: $command"
  bash -c "${command/$(number_of "text 1")/$(number_of "$victim")}" || fail "$victim could not be killed"
  wait $pid || fail "the demo failed when $victim was killed"
  expect_verified
  expect_no_channel
  grep -q "^$victim was killed by signal 9; the others go on$" "$TEST_TMPDIR/output" || fail "the demo does not say at once that $victim was killed"
  count=$(table "$victim" 1)
  [ "${count:-0}" -ge 1 ] || fail "the table does not have what $victim committed"
  [ "$count" = "$(table "$victim" 2)" ] || fail "$victim committed $count messages, received were $(table "$victim" 2)"
  grep -q "^$victim: killed by signal 9 after it committed $count messages; all $count arrived$" "$TEST_TMPDIR/output" ||
    fail "the demo does not say that all $count messages of $victim arrived"
done

# A demo whose receiver is killed has nothing to verify.
start --seconds=60 2>"$TEST_TMPDIR/errors"
wait_until is_shown frames
kill -9 "$(number_of receiver)"
wait $pid
[ $? = 1 ] || fail "the demo did not end with status 1 when its receiver was killed"
grep -q "the receiver was killed by signal 9" "$TEST_TMPDIR/errors" || fail "the demo does not say why"
expect_no_channel

# A demo that is asked to end verifies what was sent. Ctrl-C asks all of its processes.
for asked in demo all; do
  start --seconds=60
  wait_until is_shown frames
  wait_until has_progress
  [ -e "$(channel)" ] || fail "there is no channel at '$(channel)'"
  if [ $asked = demo ]; then
    kill -TERM $pid
  else
    kill -INT $pid "$(number_of receiver)" "$(number_of 'text 1')" "$(number_of 'text 2')" "$(number_of frames)"
  fi
  wait $pid || fail "the demo failed when $asked was asked to end"
  expect_verified
  expect_no_channel
done

# Only a build without optimisation says so, once.
said=$(grep -c '^This build is not optimised; for speed: ./bazelw run -c opt //examples:demo$' "$TEST_TMPDIR/output")
[ "$notices" = any ] || [ "$said" = "$notices" ] || fail "the demo says $said times instead of $notices that it is not optimised"

finish
