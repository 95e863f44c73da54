#!/bin/bash
# The quickstart runs whichever end starts first, leaves nothing behind, and is what the pages show.
# Arguments: the sending and the receiving binary, then the pages, then "--", then the files that they show.
source tests/examples/expect.sh
send=$1
receive=$2
shift 2
pages=()
while [ "$1" != -- ]; do
  pages+=("$1")
  shift
done
shift

export IPMPSC_DIR=$TEST_TMPDIR/dir
mkdir "$IPMPSC_DIR"
channel=$IPMPSC_DIR/camera.frames

# exchange FIRST: runs both ends. FIRST is the one that has created the channel before the other starts, or
# "none" for both at the same moment.
exchange() {
  local sender receiver
  if [ "$1" = send ]; then
    "$send" || fail "the sender failed when it started first"
    [ -e "$channel" ] || fail "the sender did not create the channel"
    # A container has 64 MiB in /dev/shm by default.
    [ "$(stat -c %s "$channel")" -lt $((32 << 20)) ] || fail "the channel has $(stat -c %s "$channel") bytes"
  fi
  "$receive" >"$TEST_TMPDIR/output" &
  receiver=$!
  [ "$1" != receive ] || wait_until test -e "$channel"
  if [ "$1" != send ]; then
    "$send" &
    sender=$!
    wait $sender || fail "the sender failed (first: $1)"
  fi
  wait $receiver || fail "the receiver failed (first: $1)"
  [ "$(cat "$TEST_TMPDIR/output")" = "1920x1080, 2073600 bytes" ] || fail "the receiver printed: $(cat "$TEST_TMPDIR/output")"
  [ -z "$(ls "$IPMPSC_DIR")" ] || fail "left behind (first: $1): $(ls "$IPMPSC_DIR")"
}

for _ in 1 2 3 4 5 6 7 8 9 10; do
  for first in send receive none; do exchange $first; done
done

# Each file is shown by one page, as it is. What begins with the marker is a part for tests.
for file; do
  shown=$(cat "${pages[@]}" | awk -v marker="<!-- $file -->" '
    $0 == marker { wanted = 1; next }
    wanted && /^```/ { if (inside) exit; inside = 1; next }
    inside { print }')
  [ "$(cat "${pages[@]}" | grep -cFx "<!-- $file -->")" = 1 ] || fail "$file is not shown once in ${pages[*]}"
  [ "$shown" = "$(sed '/^# What the documentation shows/,$d' "$file")" ] || fail "${pages[*]} do not show $file as it is"
done

finish
