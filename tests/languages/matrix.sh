#!/bin/bash
# Sends from each language to each language, and kills the sender with SIGKILL on the way. Nothing that was
# committed may be lost, and the order must stay.
#
#   matrix.sh NAME=COMMAND...      matrix.sh c=./c_peer python="python3 peer.py"
#
# Each command is a peer: a program with two roles.
#   COMMAND receive PATH                  creates a channel and prints each message as a line, until "end" comes
#   COMMAND send PATH NAME COUNT [LAST]   opens it and sends COUNT messages, endless for 0, and prints each number
#                                         when its message is sent. LAST is what it does then:
#                                           finish  sends "end"
#                                           hold    claims a record, writes half of it, prints "held" and sleeps
# Message number N is "NAME N " and N * 37 % 1500 times the letter number N % 26.
#
# For each pair one sender is killed while it sends, and another while it holds a claim. A second sender of the
# same language then sends 300 messages, which the receiver gets after those of the first.
set -euo pipefail

[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
declare -A command
names=()
for argument; do
  names+=("${argument%%=*}")
  command[${argument%%=*}]=${argument#*=}
done

work=$(mktemp -d)
channels=$work
[ ! -w /dev/shm ] || channels=$(mktemp -d /dev/shm/ipmpsc-matrix-XXXXXX)
running=()
clean_up() {
  [ ${#running[@]} = 0 ] || kill -9 "${running[@]}" 2>/dev/null || true
  rm -rf "$work" "$channels"
}
trap clean_up EXIT

fail() {
  echo "FAILED: $pair, $mode: $1" >&2
  for file in "$work"/*.errors; do sed "s|^|$(basename "$file"): |" "$file" >&2; done
  exit 1
}

# Waits until a file has a line that matches, for a minute at most, or until one of two processes has ended.
await_line() { # FILE PATTERN SENDER RECEIVER
  local i
  for ((i = 0; i < 6000; ++i)); do
    if grep -qE "$2" "$1"; then return; fi
    kill -0 "$3" 2>/dev/null || fail "the sender ended before it was killed"
    kill -0 "$4" 2>/dev/null || fail "the receiver ended"
    sleep 0.01
  done
  fail "the sender did not get as far as '$2' in a minute: $(tail -n 1 "$1")"
}

# The lines that were received are those of "first", from 0 on, then 300 of "second", then "end". Prints how many
# there are of "first".
check_received() { # FILE
  LC_ALL=C awk '
    function bad(what) { print "line " NR ": " what ": " substr($0, 1, 60) >"/dev/stderr"; failed = 1; exit 1 }
    function expect(name, number,   size, text) {
      size = number * 37 % 1500
      text = sprintf("%" size "s", "")
      if (size > 0) gsub(/ /, substr("abcdefghijklmnopqrstuvwxyz", number % 26 + 1, 1), text)
      else text = ""
      if ($0 != name " " number " " text) bad("not " name " " number)
    }
    ended { bad("behind the end") }
    $0 == "end" { ended = 1; next }
    $1 == "first" { if (second > 0) bad("the order is lost"); expect("first", first++); next }
    { expect("second", second++) }
    END {
      if (failed) exit 1
      if (!ended || second != 300) { print "ends after " second " of the second" >"/dev/stderr"; exit 1 }
      print first + 0
    }' "$1"
}

run() { # SENDER RECEIVER MODE
  local path=$channels/channel sender receiver received sent
  rm -f "$work"/*.errors
  ${command[$2]} receive "$path" >"$work/received" 2>"$work/receiver.errors" &
  receiver=$!
  : >"$work/sent"
  if [ "$3" = holding ]; then
    ${command[$1]} send "$path" first 200 hold >"$work/sent" 2>"$work/first.errors" &
  else
    ${command[$1]} send "$path" first 0 >"$work/sent" 2>"$work/first.errors" &
  fi
  sender=$!
  running=("$receiver" "$sender")
  if [ "$3" = holding ]; then
    await_line "$work/sent" '^held$' "$sender" "$receiver"
  else
    await_line "$work/sent" '^500$' "$sender" "$receiver"
  fi
  kill -9 "$sender"
  wait "$sender" 2>/dev/null && fail "the sender was not killed"
  running=("$receiver")
  timeout 60 ${command[$1]} send "$path" second 300 finish >"$work/second" 2>"$work/second.errors" ||
    fail "the second sender failed"
  wait "$receiver" || fail "the receiver failed"
  running=()
  received=$(check_received "$work/received") || fail "wrong messages were received"
  # It sent all that it printed. It may have sent one more and died before it could print that.
  sent=$(grep -cE '^[0-9]+$' "$work/sent")
  [ "$received" -ge "$sent" ] || fail "$sent messages of the first were sent, and $received were received"
  [ "$received" -le "$((sent + 1))" ] || fail "$sent messages of the first were sent, but $received received"
  rm -f "$path"
  echo "$pair, killed while $mode: $received + 300 messages"
}

pairs=0
for from in "${names[@]}"; do
  for to in "${names[@]}"; do
    pair="$from to $to"
    for mode in sending holding; do run "$from" "$to" "$mode"; done
    pairs=$((pairs + 1))
  done
done
echo "$pairs pairs of languages passed"
