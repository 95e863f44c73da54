#!/bin/bash
# The demo of the bridge verifies every message, although the bridge is killed and the server restarted.
# Argument: the demo.
source tests/examples/expect.sh
demo=$1

export TMPDIR=$TEST_TMPDIR
# ./bazelw installs both, so this is for builds without it.
"$demo" --seconds=0.1 2>&1 | grep -E "nats-server is not installed|has no libnats|has no engine" && {
  echo "skipped: the group bridge of third_party/debian/packages.txt is not installed"
  exit 0
}

"$demo" --seconds=4 --rate=1000 >"$TEST_TMPDIR/output" 2>"$TEST_TMPDIR/errors" ||
  fail "the demo failed: $(cat "$TEST_TMPDIR/errors" "$TEST_TMPDIR/output")"
last=$(tail -n 1 "$TEST_TMPDIR/output")
[[ $last =~ ^verified:\ [1-9][0-9]*\ messages,\ 0\ lost,\ 0\ repeated,\ 0\ out\ of\ order$ ]] ||
  fail "the last line is '$last'"
[ "$(grep -c ' s the server was restarted$' "$TEST_TMPDIR/output")" = 2 ] || fail "the server was not restarted twice"
grep -qE '^the bridge was killed [1-9][0-9]* times, the server was restarted 2 times$' "$TEST_TMPDIR/output" ||
  fail "the bridge was not killed: $(cat "$TEST_TMPDIR/output")"
# The table has as many messages as the last line.
sum=$(awk '/^[0-2] / { sum += $3 } END { print sum }' "$TEST_TMPDIR/output")
[ "$last" = "verified: $sum messages, 0 lost, 0 repeated, 0 out of order" ] || fail "the table has $sum messages: $last"

# There and back: the bridge that brings the stream into a channel of a second machine is killed, too.
"$demo" --seconds=3 --rate=500 --back >"$TEST_TMPDIR/output" 2>"$TEST_TMPDIR/errors" ||
  fail "the demo with --back failed: $(cat "$TEST_TMPDIR/errors" "$TEST_TMPDIR/output")"
[ "$(grep -cE '^verified: [1-9][0-9]* messages, 0 lost, 0 repeated, 0 out of order$' "$TEST_TMPDIR/output")" = 2 ] ||
  fail "there are no two verdicts: $(cat "$TEST_TMPDIR/output")"
grep -qE '^on the second machine, where the bridge was killed [1-9][0-9]* times$' "$TEST_TMPDIR/output" ||
  fail "the bridge back was not killed: $(cat "$TEST_TMPDIR/output")"
ls /dev/shm/ipmpsc-readings-* 2>/dev/null && fail "files of the second machine were left behind"

# The second machine has a network of its own where the system permits it and has pairs of interfaces.
machine=$(grep '^the second machine has ' "$TEST_TMPDIR/output")
own_network='^the second machine has its own processes, /dev/shm and network: the server answers at 10\.77\.0\.1:([0-9]+), not at 127\.0\.0\.1:\1$'
if unshare --net --pid --ipc --uts --mount true 2>/dev/null ||
  unshare --user --map-root-user --net --pid --ipc --uts --mount true 2>/dev/null; then
  grep -qE "$own_network" <<<"$machine" || grep -q 'creating a veth pair: Operation not supported$' <<<"$machine" ||
    fail "the network of the second machine is not its own: '$machine'"
fi
# Where it does not, the network is the same.
no_networks='echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"'
if unshare --user --map-root-user sh -c "$no_networks" sh true 2>/dev/null; then
  unshare --user --map-root-user sh -c "$no_networks" sh "$demo" --seconds=1 --rate=500 --back \
    >"$TEST_TMPDIR/shared" 2>"$TEST_TMPDIR/errors" ||
    fail "the demo fails in one network: $(cat "$TEST_TMPDIR/errors" "$TEST_TMPDIR/shared")"
  grep -qx 'the second machine has .*, and the network of the first one: unshare: No space left on device' \
    "$TEST_TMPDIR/shared" || fail "the demo does not say why the network is the same: $(cat "$TEST_TMPDIR/shared")"
  [ "$(grep -cE '^verified: [1-9][0-9]* messages, 0 lost' "$TEST_TMPDIR/shared")" = 2 ] ||
    fail "there are no two verdicts in one network: $(cat "$TEST_TMPDIR/shared")"
fi

# A bridge that takes a second to start, as on a busy machine, gets on in spite of the kills.
printf '#!/bin/sh\nsleep 1\nexec bridge/ipmpsc-bridge "$@"\n' >"$TEST_TMPDIR/slow"
chmod +x "$TEST_TMPDIR/slow"
"$demo" --seconds=1 --rate=10000 --program="$TEST_TMPDIR/slow" >"$TEST_TMPDIR/slowly" 2>"$TEST_TMPDIR/errors" ||
  fail "the demo kills a slow bridge too often: $(cat "$TEST_TMPDIR/errors" "$TEST_TMPDIR/slowly")"

# Nothing is left behind.
[ -z "$(ls -d "$TEST_TMPDIR"/ipmpsc-bridge-* 2>/dev/null)" ] || fail "the folder was left behind"
[ ! -e "$(sed -n 's/^channel \([^,]*\),.*/\1/p' "$TEST_TMPDIR/output")" ] || fail "the channel was left behind"

# A verdict that cannot fail verifies nothing: a bridge that stores nothing is noticed.
expect_bad_input "cannot run" "$demo" --program=/nowhere
expect_bad_input "--seconds" "$demo" --seconds=0
"$demo" --seconds=1 --program=/bin/false >"$TEST_TMPDIR/output" 2>"$TEST_TMPDIR/errors" &&
  fail "the demo does not notice that the bridge fails"
grep -q "the bridge failed with status 1" "$TEST_TMPDIR/errors" || fail "the demo does not say that the bridge failed: $(cat "$TEST_TMPDIR/errors")"

finish
