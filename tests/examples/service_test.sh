#!/bin/bash
# The example of a service: either end may start first, a client outlives its server, and a killed server is followed by
# another. Arguments: the server and the client.
source tests/examples/expect.sh
server=$1
client=$2

export IPMPSC_DIR=$TEST_TMPDIR/dir
mkdir "$IPMPSC_DIR"

wanted() { # the output of the client
  local number
  for number in 7 90 91 92 93 94 95 96 97 98 99; do echo "frame $number: 1920x1080, 2073600 bytes"; done
}

for round in 1 2; do
  # In the first round the client waits for the server.
  "$client" >"$TEST_TMPDIR/output" 2>"$TEST_TMPDIR/errors" &
  asking=$!
  [ $round = 1 ] || wait $asking # the server of the first round is dead: it is told at once
  "$server" 2>"$TEST_TMPDIR/server" &
  serving=$!
  if [ $round = 2 ]; then
    grep -q 'UNAVAILABLE' "$TEST_TMPDIR/errors" || fail "without a server the client said: $(cat "$TEST_TMPDIR/errors")"
    # A server that is asked before it has created its channel is not there yet.
    served() { "$client" >"$TEST_TMPDIR/output" 2>"$TEST_TMPDIR/errors"; }
    wait_until served
  else
    wait $asking || fail "the client failed: $(cat "$TEST_TMPDIR/errors" "$TEST_TMPDIR/server")"
  fi
  [ "$(cat "$TEST_TMPDIR/output")" = "$(wanted)" ] || fail "the client printed: $(cat "$TEST_TMPDIR/output")"
  kill -9 $serving
  wait $serving 2>/dev/null
  [ "$(ls "$IPMPSC_DIR")" = camera.frame_service ] || fail "left behind: $(ls "$IPMPSC_DIR")"
done

finish
