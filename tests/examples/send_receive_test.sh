#!/bin/bash
# The lines that enter //examples:send leave //examples:receive, byte for byte.
# Arguments: the send and the receive binary.
source tests/examples/expect.sh
send=$1
receive=$2
channel=$TEST_TMPDIR/lines

# Prints lines of every kind: empty, long, with tabs, with control bytes, not UTF-8.
make_lines() {
  local name=$1
  awk -v name="$name" 'BEGIN {
    for (i = 1; i <= 2000; ++i) printf "%s %d %*s\n", name, i, i % 50, "x"
  }'
  printf '%s \t\xff\xfe\x01 not UTF-8\n' "$name"
  printf '%s %s\n' "$name" "$(head -c 30000 /dev/zero | tr '\0' y)"
  printf '\n'
}

receiver=
start_receiver() {
  "$receive" "$@" "$channel" >>"$TEST_TMPDIR/output" 2>"$TEST_TMPDIR/errors" &
  receiver=$!
}
trap 'kill -9 $receiver 2>/dev/null' EXIT

has_lines() { [ "$(wc -l <"$TEST_TMPDIR/output")" -ge "$1" ]; }

# expect_output NAME...: the output has each sender's lines in its order, and no other lines.
expect_output() {
  local name
  for name in "$@"; do
    cmp <(grep -a "^$name " "$TEST_TMPDIR/$name") <(grep -a "^$name " "$TEST_TMPDIR/output") ||
      fail "the lines of $name are not what was sent"
  done
  cmp <(cd "$TEST_TMPDIR" && cat "$@" | sort) <(sort "$TEST_TMPDIR/output") ||
    fail "there are other lines than were sent"
}

for name in one two three four; do make_lines $name >"$TEST_TMPDIR/$name"; done
each=$(wc -l <"$TEST_TMPDIR/one")

for zero_copy in --zero_copy --zero_copy=false; do
  rm -f "$TEST_TMPDIR/output" "$channel"

  # Three senders at the same time.
  start_receiver $zero_copy
  wait_until test -e "$channel"
  pids=
  for name in one two three; do
    "$send" --timeout=60s "$channel" <"$TEST_TMPDIR/$name" &
    pids="$pids $!"
  done
  for pid in $pids; do wait $pid || fail "a sender failed"; done
  wait_until has_lines $((3 * each))
  expect_output one two three

  # The receiver dies, a sender comes and goes, and a new receiver goes on where the first was.
  kill -9 $receiver
  wait $receiver 2>/dev/null
  head -n 50 "$TEST_TMPDIR/four" | "$send" "$channel" || fail "sending without a receiver failed"
  start_receiver $zero_copy
  tail -n +51 "$TEST_TMPDIR/four" | "$send" "$channel" || fail "sending after the restart failed"
  wait_until has_lines $((4 * each))
  expect_output one two three four
  [ -s "$TEST_TMPDIR/errors" ] && fail "the receiver complained: $(cat "$TEST_TMPDIR/errors")"

  # A second receiver is refused with the number of the first, which goes on.
  expect_bad_input "process $receiver" "$receive" "$channel"
  kill -0 $receiver || fail "the first receiver died of the second"
  kill -9 $receiver
  wait $receiver 2>/dev/null
done

# A sender without a receiver fills the ring and gives up at its timeout.
yes | "$send" --timeout=100ms "$channel" 2>"$TEST_TMPDIR/errors"
[ "${PIPESTATUS[1]}" = 1 ] || fail "a full ring did not end the sender with status 1"
grep -q "ring is full" "$TEST_TMPDIR/errors" || fail "the error does not say that the ring is full"

# The sender may start first: it waits for the channel.
rm "$channel"
echo early | "$send" "$channel" 2>"$TEST_TMPDIR/errors" &
pid=$!
wait_until grep -q "waiting for //examples:receive to create" "$TEST_TMPDIR/errors"
rm -f "$TEST_TMPDIR/output"
start_receiver
wait $pid || fail "the sender that started first failed"
wait_until test -s "$TEST_TMPDIR/output"
[ "$(cat "$TEST_TMPDIR/output")" = early ] || fail "the receiver printed: $(cat "$TEST_TMPDIR/output")"

# A receiver that is asked to end leaves the channel to a sender that is attached.
mkfifo "$TEST_TMPDIR/feed"
"$send" "$channel" <"$TEST_TMPDIR/feed" &
pid=$!
exec 3>"$TEST_TMPDIR/feed"
echo attached >&3
wait_until has_lines 2
kill -INT $receiver
wait $receiver || fail "the receiver ended with an error at SIGINT"
[ -e "$channel" ] || fail "the receiver removed the channel of a sender that is attached"
echo late >&3
exec 3>&-
wait $pid || fail "the sender without a receiver failed"

# The last to leave prints what is in the channel and removes it.
start_receiver
wait_until has_lines 3
kill -INT $receiver
wait $receiver || fail "the receiver ended with an error at SIGINT"
[ "$(tail -n 2 "$TEST_TMPDIR/output")" = "attached
late" ] || fail "the receivers printed: $(cat "$TEST_TMPDIR/output")"
[ ! -e "$channel" ] || fail "the receiver left its channel behind"

finish
