#!/bin/bash
# `ipmpsc record` and `ipmpsc replay` with programs that know nothing of them. Arguments: ipmpsc,
# and the send and the receive of //examples/text.
source tests/examples/expect.sh
ipmpsc=$1
send=$2
receive=$3
cd "$TEST_TMPDIR" || exit 1
root=$OLDPWD
ipmpsc=$(cd "$root" && realpath "$ipmpsc")
send=$(cd "$root" && realpath "$send")
receive=$(cd "$root" && realpath "$receive")
channel=$TEST_TMPDIR/lines
copy=$TEST_TMPDIR/copy

children=
trap 'kill -9 $children 2>/dev/null' EXIT

expect_eq() { # EXPECTED FOUND
  [ "$1" = "$2" ] || fail "line ${BASH_LINENO[0]}: $2 instead of $1"
}

expect_in() { # TEXT ALL
  case $2 in *"$1"*) ;; *) fail "line ${BASH_LINENO[0]}: '$1' is not in '$2'" ;; esac
}

expect_status() { # STATUS TEXT COMMAND...
  local status=$1 text=$2
  shift 2
  "$@" >out 2>err
  local found=$?
  [ "$found" = "$status" ] || fail "$*: status $found instead of $status: $(cat out err)"
  case $(cat out err) in *"$text"*) ;; *) fail "$*: no '$text' in: $(cat out err)" ;; esac
}

start_receiver() { # CHANNEL OUTPUT
  "$receive" --capacity=1048576 "$1" >"$2" 2>/dev/null &
  receiver=$!
  children="$children $receiver"
  wait_until test -e "$1"
}

start_recorder() { # FILE ARGUMENT...
  local file=$1
  shift
  "$ipmpsc" record "$channel" -o "$file" "$@" >record.out 2>record.err &
  recorder=$!
  children="$children $recorder"
}

has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

start_receiver "$channel" received

# The receiver of a replay gets what the first receiver got, byte for byte.
start_recorder one.mcap
wait_until test -s one.mcap
{ seq 5000 && printf 'a \xff byte\n\n%s\n' "$(head -c 30000 /dev/zero | tr '\0' y)"; } >sent
"$send" "$channel" <sent
wait_until has_lines received 5003
# A chunk is closed after a second.
size=$(stat -c %s one.mcap)
grown() { [ "$(stat -c %s one.mcap)" -gt "$size" ]; }
wait_until grown
kill -INT "$recorder"
wait "$recorder"
expect_eq 0 $?
expect_in "5,003" "$(cat record.out)"
start_receiver "$copy" replayed
copier=$receiver
expect_status 0 "5,003" "$ipmpsc" replay one.mcap --speed max --rename "$channel=$copy" --wait 10s
wait_until has_lines replayed 5003
cmp sent replayed || fail "the replay is not what was sent"
kill "$copier"

# Whether a file has grown beyond a size and then stayed as it is for a second.
has_settled() { # FILE BYTES
  local now
  now=$(stat -c %s "$1")
  [ "$now" -gt "$2" ] && sleep 1 && [ "$(stat -c %s "$1")" = "$now" ]
}

# The files of recorders that are killed and start again have all lines together.
for round in 1 2 3; do
  start_recorder killed.mcap --split-time 1h
  wait_until test -s "killed-000$round.mcap"
  for i in $(seq 100); do echo "round $round line $i"; done >>killed.sent
  size=$(stat -c %s "killed-000$round.mcap")
  grep "^round $round " killed.sent | "$send" "$channel"
  # The recorder writes a batch after 20 ms, and its thread looks every 50 ms.
  wait_until has_settled "killed-000$round.mcap" "$size"
  kill -KILL "$recorder"
  wait "$recorder" 2>/dev/null
done
start_receiver "$copy.2" replayed2
expect_status 0 "has no end" "$ipmpsc" replay killed-000?.mcap --speed max \
  --rename "$channel=$copy.2" --wait 10s
has_all() { [ "$(grep '^round' replayed2 | sort -u | wc -l)" = 300 ]; }
wait_until has_all
cmp <(sort -u killed.sent) <(grep '^round' replayed2 | sort -u) || fail "lines are missing"

# A window, and what follows it, at a signal.
rm -f record.out
start_recorder window.mcap --before 60s --from now --json
# Its first progress. Before that the signal would kill it.
wait_until grep -qs '"kind":"progress"' record.out
echo before | "$send" "$channel"
wait_until grep -qs '"window_bytes":[1-9]' record.out
[ ! -e window.mcap ] || fail "there is a file before the trigger"
kill -USR1 "$recorder"
wait_until test -e window.mcap
echo after | "$send" "$channel"
wait_until grep -qs '"written_messages":2,' record.out
kill -TERM "$recorder"
wait "$recorder"
expect_eq 0 $?
expect_in '"kind":"end"' "$(tail -n 1 record.out)"
expect_in '"written_messages":2,' "$(tail -n 1 record.out)"
expect_in '"triggers":1,' "$(tail -n 1 record.out)"

# The messages of a channel whose programs are dead.
kill -KILL $children 2>/dev/null
wait $children 2>/dev/null
children=
expect_status 0 "ORPHANS" "$ipmpsc" record "$channel" -o dead.mcap --post-mortem
expect_status 0 "sent" "$ipmpsc" replay dead.mcap --speed max --rename "$channel=$copy.3" \
  --capacity 4MiB

# Waits for a channel that nobody creates.
expect_status 5 "no channel was created" "$ipmpsc" record "$TEST_TMPDIR/none" -o x.mcap --wait 50ms
"$ipmpsc" record "$TEST_TMPDIR/none" -o x.mcap --wait 60s >out 2>err &
waiter=$!
children="$children $waiter"
# Whether the process is the program, and has a handler of SIGINT. The shell that becomes the program has one, too.
catches() {
  [ "$(cat "/proc/$waiter/comm")" = ipmpsc ] && (($(sed -n 's/^SigCgt:[^0-9a-f]*/0x/p' "/proc/$waiter/status") & 2))
}
wait_until catches
kill -INT "$waiter"
wait "$waiter"
expect_eq 0 $?

# Bad input.
expect_status 3 "No such file" "$ipmpsc" record "$TEST_TMPDIR/none" -o x.mcap
expect_status 3 "not an ipmpsc channel" "$ipmpsc" record /etc/passwd -o x.mcap
expect_status 1 "exists" "$ipmpsc" record "$channel" -o dead.mcap
expect_status 1 "exists" "$ipmpsc" record "$channel" -o dead.mcap --post-mortem
expect_status 1 "cannot create" "$ipmpsc" record "$channel" -o no/x.mcap
expect_status 2 "output is required" "$ipmpsc" record "$channel"
expect_status 2 "twice" "$ipmpsc" record "$channel" "$channel" -o x.mcap
expect_status 2 "neither signal" "$ipmpsc" record "$channel" -o x.mcap --before 1s --trigger x
expect_status 2 "requires --before" "$ipmpsc" record "$channel" -o x.mcap --trigger signal
expect_status 2 "no duration" "$ipmpsc" record "$channel" -o x.mcap --split-time soon
expect_status 2 "No such file" "$ipmpsc" replay none.mcap
expect_status 2 "not an MCAP file" "$ipmpsc" replay sent
expect_status 2 "no speed" "$ipmpsc" replay one.mcap --speed 0
expect_status 2 "-1" "$ipmpsc" replay one.mcap --loop -1
expect_status 2 "TOPIC=CHANNEL" "$ipmpsc" replay one.mcap --rename x
expect_status 3 "No such file" "$ipmpsc" replay one.mcap --no-create --directory "$TEST_TMPDIR/none"
expect_status 5 "no receiver" "$ipmpsc" replay one.mcap --rename "$channel=$copy.4" --wait 100ms
expect_status 5 "no space" "$ipmpsc" replay one.mcap --speed max --timeout 100ms --loop 0 \
  --rename "$channel=$copy.5"
cp one.mcap damaged.mcap
printf 'X' | dd of=damaged.mcap bs=1 seek=300 conv=notrunc 2>/dev/null
expect_status 4 "damaged parts" "$ipmpsc" replay damaged.mcap --speed max \
  --rename "$channel=$copy.6"
finish
