#!/bin/bash
# The quickstart runs whichever end starts first, and leaves nothing behind. tests/docs checks that README.md shows it.
# Arguments: the sending and the receiving binary.
source tests/examples/expect.sh
send=$1
receive=$2

export IPMPSC_DIR=$TEST_TMPDIR/dir
mkdir "$IPMPSC_DIR"
channel=$IPMPSC_DIR/camera.frames

# exchange FIRST: runs both ends. FIRST is the one that waits for the other before that one starts, or "none" for
# both at the same moment.
exchange() {
  local sender receiver
  if [ "$1" = send ]; then
    "$send" 2>"$TEST_TMPDIR/sender" &
    sender=$!
    # It has looked and found no channel when it sleeps.
    wait_until grep -q '^State:[[:space:]]*S' /proc/$sender/status
    kill -0 $sender || fail "the sender ended without a receiver: $(cat "$TEST_TMPDIR/sender")"
    [ -z "$(ls "$IPMPSC_DIR")" ] || fail "the sender created: $(ls "$IPMPSC_DIR")"
  fi
  "$receive" >"$TEST_TMPDIR/output" &
  receiver=$!
  if [ "$1" = receive ]; then
    wait_until test -e "$channel"
    # A container has 64 MiB in /dev/shm by default.
    [ "$(stat -c %s "$channel")" -lt $((32 << 20)) ] || fail "the channel has $(stat -c %s "$channel") bytes"
  fi
  if [ "$1" != send ]; then
    "$send" 2>"$TEST_TMPDIR/sender" &
    sender=$!
  fi
  wait $sender || fail "the sender failed (first: $1): $(cat "$TEST_TMPDIR/sender")"
  wait $receiver || fail "the receiver failed (first: $1)"
  [ "$(cat "$TEST_TMPDIR/output")" = "1920x1080, 2073600 bytes" ] || fail "the receiver printed: $(cat "$TEST_TMPDIR/output")"
  [ -z "$(ls "$IPMPSC_DIR")" ] || fail "left behind (first: $1): $(ls "$IPMPSC_DIR")"
}

for _ in 1 2 3 4 5 6 7 8 9 10; do
  for first in send receive none; do exchange $first; done
done

finish
