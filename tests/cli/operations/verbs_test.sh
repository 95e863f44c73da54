#!/bin/bash
# The verbs doctor, rm, gc, metrics and bench of the real program: results, exit statuses, bad input.
set -u
ipmpsc=$(readlink -f "$1")
play=$(readlink -f "$2")
schema=$(readlink -f "$3")
source tests/examples/expect.sh
folder=$(mktemp -d "${TEST_TMPDIR:-/tmp}/channels.XXXXXX")
channel=$folder/quotes
output=$TEST_TMPDIR/output
errors=$TEST_TMPDIR/errors
trap 'kill -9 $(jobs -p) 2>/dev/null; rm -rf "$folder"' EXIT
export IPMPSC_DIR=$folder

# expect STATUS ARGUMENT...: runs the program. Its output is in $output and $errors.
expect() {
  local wanted=$1 status
  shift
  timeout 60 "$ipmpsc" "$@" >"$output" 2>"$errors" </dev/null
  status=$?
  [ "$status" = "$wanted" ] || fail "ipmpsc $*: status $status instead of $wanted: $(cat "$output" "$errors")"
}
# conforms VERB: each line of the output is as cli/output.schema.json says.
conforms() {
  python3 - "$schema" "$1" "$output" <<'END' || fail "the output of $1 is not as the schema says: $(cat "$output")"
import json, sys
try:
    import jsonschema
except ImportError:
    print("SKIPPED: the schema, because python3-jsonschema is not installed")
    sys.exit(0)
schema = json.load(open(sys.argv[1]))
schema["$ref"] = "#/definitions/" + sys.argv[2]
lines = open(sys.argv[3]).read().splitlines()
for line in lines:
    jsonschema.Draft7Validator(schema).validate(json.loads(line))
sys.exit(not lines)
END
}
has() { grep -q -e "$1" "$output" || fail "the output has no '$1': $(cat "$output")"; }
has_not() { ! grep -q -e "$1" "$output" || fail "the output has '$1': $(cat "$output")"; }
complains() { grep -q -e "$1" "$errors" || fail "standard error has no '$1': $(cat "$errors")"; }

# begin ACT...: starts a process that uses the channel, and waits until it is ready. Its pid is in $pid.
begin() {
  "$play" "$channel" "$@" >"$TEST_TMPDIR/ready" &
  pid=$!
  wait_until grep -q ready "$TEST_TMPDIR/ready"
}
end() { # PID
  kill -9 "$1"
  wait "$1" 2>/dev/null
}

# doctor
expect 3 doctor quotes
has 'cannot-open'
"$play" "$channel" create >/dev/null
expect 0 doctor quotes --watch 0
has "^$channel:"
has 'note (no-receiver)'
begin claim
claimer=$pid
begin receive
receiver=$pid
expect 1 doctor quotes --watch 200ms
has "problem (open-claim): the sender \"camera\" (process $claimer) has claimed 256 bytes at position 0"
has "kill -9 $claimer"
expect 1 doctor "$channel" --watch 200ms --json
conforms doctor
has "^{\"channel\":\"$channel\",\"watched_seconds\":0.2,\"findings\":\[{\"severity\":\"problem\",\"code\":\"open-claim\","
kill -STOP "$receiver"
expect 1 doctor quotes --watch 200ms
has "kill -CONT $receiver"
kill -CONT "$receiver"
end "$claimer"
wait_until sh -c "'$ipmpsc' info quotes --json | grep -q '\"fill_bytes\":0,'"
expect 0 doctor quotes --watch 100ms
has 'note (died): 1 sender died without detaching: "camera"'
expect 0 doctor quotes --watch 0 --repair
has_not repaired
end "$receiver"
"$play" "$channel" damage >/dev/null
expect 4 doctor quotes --watch 0
has 'damage (damaged-positions)'
expect 0 doctor quotes --watch 0 --repair
has "repaired: a new channel with the same options is in place; the damaged file is $channel.damaged-1"
expect 0 doctor quotes --watch 0
expect 0 rm quotes "$channel.damaged-1"
"$play" "$channel" create >/dev/null
truncate -s 5000 "$channel"
expect 4 doctor quotes --watch 0
has 'damage (damaged-file)'
expect 0 doctor quotes --watch 0 --repair
has 'repaired: the path is free for a new channel'
[ ! -e "$channel" ] || fail "the truncated file is still there"
expect 0 rm "$channel.damaged-1"
echo text >"$folder/text"
expect 3 doctor text
expect 3 doctor text --json
conforms doctor
expect 2 doctor --watch x
expect 2 doctor --nonsense

# rm
expect 2 rm
expect 3 rm quotes
complains quotes
expect 3 rm text
complains 'no channel'
"$play" "$channel" create >/dev/null
begin receive
expect 1 rm quotes
complains 'in use'
[ -e "$channel" ] || fail "rm removed a channel that is in use"
expect 0 rm --force quotes
[ ! -e "$channel" ] || fail "rm --force left the channel"
end "$pid"
"$play" "$channel" create >/dev/null
"$play" "$channel" send >/dev/null
expect 1 rm quotes --json
conforms rm
has "^{\"channel\":\"$channel\",\"removed\":false,\"error\":\"$channel holds 128 bytes"
expect 0 rm --force quotes --json
has '"removed":true,"error":""'

# gc
expect 1 gc "$folder/none"
complains none
"$play" "$channel" create >/dev/null
"$play" "$channel" close >/dev/null
expect 0 gc "$folder" --dry-run
has "^would remove $channel: it has ended"
expect 0 gc "$folder" --older-than 1h
has_not quotes
expect 0 gc "$folder" --json
conforms gc
has "^{\"channel\":\"$channel\",\"reason\":\"it has ended, and all its messages were received\",\"removed\":true}$"
[ ! -e "$channel" ] || fail "gc left the channel"
[ -e "$folder/text" ] || fail "gc removed a file that is no channel"

# metrics
"$play" "$channel" create >/dev/null
"$play" "$channel" send 3 >/dev/null
expect 0 metrics quotes
has "^ipmpsc_sent_messages_total{channel=\"$channel\",slot=\"0\"} 3$"
expect 0 metrics "$folder" --textfile "$folder/metrics.prom" --once
grep -q "^ipmpsc_used_bytes{channel=\"$channel\"} 384$" "$folder/metrics.prom" || fail "the file has no metric"
# A receiver that passes over the older messages says so.
expect 0 info quotes
has_not 'passed over'
"$play" "$channel" newest >/dev/null
expect 0 metrics quotes
has "^ipmpsc_receiver_skipped_messages_total{channel=\"$channel\"} 2$"
has "^ipmpsc_received_messages_total{channel=\"$channel\"} 3$"
expect 0 info quotes --json
conforms info
has '"skipped_messages":2,'
expect 0 info quotes
has '^passed over *2 messages, for newer ones$'
"$play" "$channel" send 3 >/dev/null
expect 1 metrics quotes --textfile "$folder/none/metrics.prom" --once
expect 2 metrics quotes --listen nowhere
expect 2 metrics quotes --listen 127.0.0.1:99999
expect 2 metrics quotes --listen 127.0.0.1:0 --textfile x
expect 2 metrics quotes --once
expect 2 metrics quotes --textfile "$folder/metrics.prom" --interval 0
complains 'at least 10ms'

# get PATH: fetches a page of the exporter.
get() {
  exec 7<>"/dev/tcp/127.0.0.1/$port" || return 1
  printf '%s %s HTTP/1.0\r\n\r\n' "${2:-GET}" "$1" >&7
  timeout 20 cat <&7 >"$output"
  exec 7>&-
}
"$ipmpsc" metrics "$folder" --listen 127.0.0.1:0 >"$TEST_TMPDIR/address" 2>"$errors" &
exporter=$!
address() { [ -s "$TEST_TMPDIR/address" ] || ! kill -0 $exporter 2>/dev/null; }
wait_until address
if grep -q 'built without libmicrohttpd' "$errors"; then
  echo "SKIPPED: HTTP, because the program was built without libmicrohttpd"
else
  port=$(sed -n 's|^http://127.0.0.1:\([0-9]*\)/metrics$|\1|p' "$TEST_TMPDIR/address")
  get /metrics
  has 'HTTP/1.[01] 200 OK'
  has 'text/plain; version=0.0.4'
  has "^ipmpsc_used_bytes{channel=\"$channel\"} 384$"
  "$play" "$channel" send >/dev/null
  get /metrics
  has "^ipmpsc_used_bytes{channel=\"$channel\"} 512$"
  get /nothing
  has ' 404 '
  get /metrics POST
  has ' 405 '
  expect 1 metrics quotes --listen "127.0.0.1:$port"
  complains 'it is taken'
  kill -TERM $exporter
  wait $exporter || fail "the exporter ended with status $?"
fi

# bench
expect 0 bench --time 500ms --senders 2 --json
conforms bench
[ "$(wc -l <"$output")" = 5 ] || fail "bench has other rows: $(cat "$output")"
has '^{"senders":2,"way":"channels","message_bytes":64,"messages_per_second":[1-9]'
expect 0 bench --time 200ms --senders 1
has '^ *1  '
has '1 sender'
expect 2 bench --time 0
expect 2 bench --time inf
expect 2 bench --senders 0
expect 2 bench --bytes 1MiB --capacity 1MiB
ls "$folder" | grep -q ipmpsc- && fail "bench left channels behind"

# top by pipes
begin trickle
expect 0 top quotes --once --interval 300ms
has 'CHANNEL *RECEIVED/s'
has 'camera'
has 'no receiver, messages wait'
expect 0 top "$folder" --once --interval 100ms --json
conforms top
has "^{\"channel\":\"$channel\",\"state\":\"open\","
expect 0 top quotes "$folder" quotes --once --interval 100ms --json
[ "$(grep -c "^{\"channel\":\"$channel\"," "$output")" = 1 ] || fail "a channel comes twice: $(cat "$output")"
expect 2 top quotes
complains 'no terminal'
expect 2 top quotes --interval 0
expect 0 top "$folder/none" --once --interval 10ms
has 'none'
end "$pid"

finish
