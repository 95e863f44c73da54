#!/bin/bash
# The demo verifies what it should, also when its senders are killed, and notices when its receiver is.
# Argument: the demo binary.
source tests/examples/expect.sh
demo=$1

number_of() { sed -n "s/^$1 *process \([0-9]*\)$/\1/p" "$TEST_TMPDIR/output"; }
is_shown() { [ -n "$(number_of "$1")" ]; }
has_progress() { grep -q ' s .* messages ' "$TEST_TMPDIR/output"; }

# Where the channel is: while the demo runs, and not afterwards.
channel() { sed -n 's/^channel *\([^ ,]*\),.*/\1/p' "$TEST_TMPDIR/output"; }
expect_no_channel() {
  [[ $(channel) == /dev/shm/* ]] || fail "the channel is '$(channel)'"
  [ ! -e "$(channel)" ] || fail "the channel was left behind"
}

# start ARGUMENT...: the demo in the background, `pid`. What an earlier one printed is gone.
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
# Frames of 3840 x 2160 x 1.5 bytes, no more than were asked for; fewer where the machine is slow.
read -r _ frames bytes _ < <(grep '^frames .* [0-9]' "$TEST_TMPDIR/output" | tail -n 1)
[ "$frames" -le 3 ] && [ "$bytes" = $((frames * 12441600)) ] || fail "$frames frames have $bytes bytes"

# Each sender in turn is killed in the middle of its work.
for victim in 'text 1' 'text 2' frames; do
  start --seconds=2
  wait_until is_shown frames
  wait_until has_progress
  kill -9 "$(number_of "$victim")" || fail "$victim could not be killed"
  wait $pid || fail "the demo failed when $victim was killed"
  expect_verified
  expect_no_channel
  grep -q "^$victim .*killed by signal 9" "$TEST_TMPDIR/output" || fail "the table does not say that $victim was killed"
done

# Without a receiver there is nothing to verify.
start --seconds=60 2>"$TEST_TMPDIR/errors"
wait_until is_shown frames
kill -9 "$(number_of receiver)"
wait $pid
[ $? = 1 ] || fail "the demo did not end with status 1 when its receiver was killed"
grep -q "the receiver was killed by signal 9" "$TEST_TMPDIR/errors" || fail "the demo does not say why"
expect_no_channel

# Asked to end, it verifies what there is. At Ctrl-C all of its processes are asked.
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

finish
