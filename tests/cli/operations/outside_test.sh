#!/bin/bash
# A channel of programs that were never told of this tool is listed, tailed, recorded, replayed into a fresh receiver
# byte for byte, and explained after `kill -9` of everything. Arguments: ipmpsc, and the send and the receive of
# //examples/text.
ipmpsc=$(readlink -f "$1")
send=$(readlink -f "$2")
receive=$(readlink -f "$3")
source tests/examples/expect.sh
folder=$(mktemp -d "${TEST_TMPDIR:-/tmp}/outside.XXXXXX")
cd "$folder" || exit 1
mkdir shm
channel=$folder/shm/lines
pids=()
trap '[ "${#pids[@]}" = 0 ] || kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$folder"' EXIT

start_receiver() { # CHANNEL OUTPUT
  "$receive" --capacity=1048576 "$1" >"$2" 2>/dev/null &
  receiver=$!
  pids+=("$receiver")
  wait_until test -e "$1"
}
# Starts the command with its output in FILE. Its process is $pid.
start() { # FILE COMMAND...
  local output=$1
  shift
  "$@" >"$output" 2>>errors &
  pid=$!
  pids+=("$pid")
}
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
# The lines that messages in JSON carry.
lines_of() {
  python3 -c '
import base64, json, sys
for line in sys.stdin:
    sys.stdout.buffer.write(base64.b64decode(json.loads(line).get("text", "")) + b"\n")' <"$1"
}
# same FILE FILE WHAT: both have the same bytes.
same() { cmp "$1" "$2" || fail "$3"; }
has() { # TEXT FILE
  grep -qF -e "$1" "$2" || fail "'$1' is not in: $(cat "$2" errors)"
}
# empty: everything was received and released. Then the receiver sleeps.
empty() { "$ipmpsc" info "$channel" --json | grep -q '"fill_bytes":0,'; }

start_receiver "$channel" received
mkfifo input
"$send" "$channel" <input &
sender=$!
pids+=("$sender")
exec 3>input

# Listed.
attached() { "$ipmpsc" info "$channel" --json >info && grep -q "\"pid\":$sender," info; }
wait_until attached
"$ipmpsc" ls "$folder/shm" >listed || fail "ls: status $?"
grep -qE "^$channel +ipmpsc.examples.Line +open +receive $receiver +1 of " listed || fail "ls prints: $(cat listed)"

# Tailed and recorded, beside the receiver.
start tailed "$ipmpsc" tail "$channel" --from kept --json --full
start recorded "$ipmpsc" record "$channel" -o lines.mcap --json
recorder=$pid
wait_until test -s lines.mcap
{ seq 2000 && printf 'a \xff byte\n\n%s\n' "$(head -c 30000 /dev/zero | tr '\0' y)"; } | tee sent >&3
wait_until has_lines received 2003
wait_until has_lines tailed 2003
lines_of tailed >tailed.lines
same sent received "the receiver has other lines than were sent"
same sent tailed.lines "tail prints other lines than were sent"
# Its progress comes once a second.
wait_until grep -q '"written_messages":2003,' recorded
kill -INT "$recorder"
wait "$recorder" || fail "record: status $?: $(cat errors)"
tail -n 1 recorded >last
has '"kind":"end"' last
has '"written_messages":2003,' last
has '"lost_bytes":0,' last

# Replayed into a fresh receiver, byte for byte.
live=$receiver
start_receiver "$folder/shm/copy" replayed
"$ipmpsc" replay lines.mcap --speed max --rename "$channel=$folder/shm/copy" --wait 10s >replay 2>>errors ||
  fail "replay: status $?: $(cat errors)"
wait_until has_lines replayed 2003
same sent replayed "the replay has other bytes than were sent"

# Lines that the receiver does not take, and then `kill -9` of everything.
wait_until empty
kill -STOP "$live"
stopped() { grep -q '^State:.T' "/proc/$live/status"; }
wait_until stopped
start recorded2 "$ipmpsc" record "$channel" -o killed.mcap
printf 'late %s\n' 1 2 3 | tee late >&3
late() { "$ipmpsc" info "$channel" --json | grep -q '"sent_messages":2006,'; }
wait_until late
kill -9 "${pids[@]}" 2>/dev/null
wait "${pids[@]}" 2>/dev/null
pids=()
exec 3>&-

# Explained.
# A lock may outlive its process while another process reads its memory: ipmpsc/DESIGN.md.
none_alive() { [ -z "$("$ipmpsc" ls "$folder/shm" --names --alive)" ]; }
wait_until none_alive
"$ipmpsc" doctor "$channel" >explained 2>>errors
status=$?
[ "$status" = 1 ] || fail "doctor: status $status"
has "problem (no-receiver): the receiver \"receive\" (process $live) died without detaching, and 192 bytes wait" explained
has "-> start the receiving program; it continues at the oldest message that is not released" explained
has "note (died): 1 sender died without detaching: \"send\" (process $sender)" explained
# The flight recorder has all lines, and says which of them were received.
cat sent late >all
"$ipmpsc" tail "$channel" --post-mortem --json --full >dead 2>>errors || fail "tail --post-mortem: status $?"
lines_of dead >dead.lines
same all dead.lines "tail --post-mortem prints other lines than were sent"
"$ipmpsc" tail "$channel" --post-mortem --meta >dead 2>>errors
[ "$(grep -c ', received' dead)" = 2003 ] || fail "other lines were received: $(grep '^#' dead | sort | uniq -c | tail -n 3)"
# So has its recording, for a fresh receiver.
"$ipmpsc" record "$channel" --post-mortem -o dead.mcap >recorded 2>>errors || fail "record --post-mortem: status $?"
start_receiver "$folder/shm/copy2" replayed2
"$ipmpsc" replay dead.mcap --speed max --rename "$channel=$folder/shm/copy2" --wait 10s >replay 2>>errors ||
  fail "replay of the dead: status $?: $(cat errors)"
wait_until has_lines replayed2 2006
same all replayed2 "the replay of the dead has other bytes than were sent"
# The channel still works: the next receiver gets what the last one had not taken.
start_receiver "$channel" rest
wait_until has_lines rest 3
wait_until empty
same late rest "the next receiver gets other lines"
"$ipmpsc" doctor "$channel" --watch 0 >explained 2>>errors || fail "doctor finds problems: $(cat explained)"
finish
