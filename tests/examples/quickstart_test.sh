#!/bin/bash
# The README's example runs, and is what the README shows.
# Arguments: the README, the sending and the receiving binary, then the files that the README shows.
source tests/examples/expect.sh
readme=$1
send=$2
receive=$3
shift 3

export IPMPSC_DIR=$TEST_TMPDIR
"$receive" >"$TEST_TMPDIR/output" &
receiver=$!
wait_until test -e "$TEST_TMPDIR/camera.frames"
"$send" || fail "the sender failed"
wait $receiver || fail "the receiver failed"
[ "$(cat "$TEST_TMPDIR/output")" = "1920x1080, 2073600 bytes" ] || fail "it printed: $(cat "$TEST_TMPDIR/output")"

for file; do
  shown=$(awk -v marker="<!-- $file -->" '
    $0 == marker { wanted = 1; next }
    wanted && /^```/ { if (inside) exit; inside = 1; next }
    inside { print }' "$readme")
  [ "$shown" = "$(sed '/^# What the README shows/,$d' "$file")" ] || fail "$readme does not show $file as it is"
done

finish
