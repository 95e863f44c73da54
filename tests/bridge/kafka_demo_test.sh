#!/bin/bash
# The demo of the bridge to Kafka and back verifies every message over librdkafka's mock cluster. Argument: the demo.
source tests/examples/expect.sh
demo=$1

export TMPDIR=$TEST_TMPDIR
# ./bazelw installs it, so this is for builds without it.
"$demo" --engine=kafka --seconds=0.1 2>&1 | grep -q "has no librdkafka" && {
  echo "skipped: the group bridge of third_party/debian/packages.txt is not installed"
  exit 0
}

"$demo" --engine=kafka --seconds=5 --rate=500 --back >"$TEST_TMPDIR/output" 2>"$TEST_TMPDIR/errors" ||
  fail "the demo failed: $(cat "$TEST_TMPDIR/errors" "$TEST_TMPDIR/output")"
[ "$(grep -cE '^verified: [1-9][0-9]* messages, 0 lost, 0 repeated, 0 out of order$' "$TEST_TMPDIR/output")" = 2 ] ||
  fail "there are no two verdicts: $(cat "$TEST_TMPDIR/output")"
grep -qE '^the bridge was killed [1-9][0-9]* times, the server was paused [12] times$' "$TEST_TMPDIR/output" ||
  fail "the bridge was not killed, or the server not paused: $(cat "$TEST_TMPDIR/output")"
grep -qE '^on the second machine, where the bridge was killed [1-9][0-9]* times$' "$TEST_TMPDIR/output" ||
  fail "the bridge back was not killed: $(cat "$TEST_TMPDIR/output")"
grep -q '^the second machine has .*: a broker of Kafka names itself by one address' "$TEST_TMPDIR/output" ||
  grep -q '^the second machine has no namespaces: ' "$TEST_TMPDIR/output" ||
  fail "the demo does not say why the network is the same: $(cat "$TEST_TMPDIR/output")"
expect_bad_input "--engine" "$demo" --engine=carrier

finish
