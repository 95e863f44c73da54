#!/bin/bash
# Drives //examples:send and //examples:receive as people do: what goes in comes out, byte for byte.
# Arguments: the send and the receive binary.
source tests/examples/expect.sh
send=$1
receive=$2
channel=$TEST_TMPDIR/lines

# Lines of every kind: empty, long, with tabs, in another encoding, with control bytes.
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

# Each sender's lines, in its order, and nothing else.
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

  # Three senders at one time.
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

  # The receiver dies; a sender comes and goes in the meantime; a new receiver goes on where it was.
  kill -9 $receiver
  wait $receiver 2>/dev/null
  head -n 50 "$TEST_TMPDIR/four" | "$send" "$channel" || fail "sending without a receiver failed"
  start_receiver $zero_copy
  tail -n +51 "$TEST_TMPDIR/four" | "$send" "$channel" || fail "sending after the restart failed"
  wait_until has_lines $((4 * each))
  expect_output one two three four
  [ -s "$TEST_TMPDIR/errors" ] && fail "the receiver complained: $(cat "$TEST_TMPDIR/errors")"

  # A second receiver is refused and told by whom; the first one is left alone.
  expect_bad_input "process $receiver" "$receive" "$channel"
  kill -0 $receiver || fail "the first receiver died of the second"
  kill -9 $receiver
  wait $receiver 2>/dev/null
done

# A sender that is too fast for nobody: the ring is full, its patience ends.
yes | "$send" --timeout=100ms "$channel" 2>"$TEST_TMPDIR/errors"
[ "${PIPESTATUS[1]}" = 1 ] || fail "a full ring did not end the sender with status 1"
grep -q "ring is full" "$TEST_TMPDIR/errors" || fail "a full ring was not named"

finish
