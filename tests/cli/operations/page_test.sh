#!/bin/bash
# Types the commands of docs/operations.md as they stand there, each in the situation that the page describes, and
# compares what they print with the page. Numbers may differ.
#
# `page_test.sh --write IPMPSC PLAY PAGE` writes the outputs into the page.
set -u
write=
if [ "$1" = --write ]; then
  write=1
  shift
fi
ipmpsc=$(readlink -f "$1")
play=$(readlink -f "$2")
page=$(readlink -f "$3")
source tests/examples/expect.sh
folder=$(mktemp -d "${TEST_TMPDIR:-/tmp}/page.XXXXXX")
mkdir "$folder/shm" "$folder/bin"
ln -s "$ipmpsc" "$folder/bin/ipmpsc"
export PATH=$folder/bin:$PATH IPMPSC_DIR=$folder/shm
channel=$folder/shm/quotes
pids=()
end_processes() {
  [ "${#pids[@]}" = 0 ] || kill -9 "${pids[@]}" 2>/dev/null
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
  pids=()
}
trap 'end_processes; rm -rf "$folder"' EXIT

act() { "$play" "$channel" "$@" >/dev/null || fail "play $* failed"; }
# begin ACT...: a process that uses the channel, as $pid.
begin() {
  : >"$folder/ready"
  "$play" "$channel" "$@" >"$folder/ready" &
  pid=$!
  pids+=("$pid")
  wait_until grep -q ready "$folder/ready"
}
# Until the channel is in the state that the page describes.
finds() { ipmpsc doctor quotes --watch 0 | grep -q "$1"; }

scenario_in_use() { begin receive; }
scenario_ended() { act close; }
scenario_busy() { begin receive; begin trickle; begin trickle; }
scenario_open_claim() { begin receive; begin claim; act send 5; wait_until finds "every later message"; }
scenario_receiver_stopped() {
  begin receive
  kill -STOP "$pid"
  act send 5
}
scenario_no_receiver() { act send 5; }
scenario_receiver_stalled() {
  # The receiver sleeps elsewhere while it has a message.
  begin hold
  act send 5
}
scenario_lease_held() { act send 5; begin lease; wait_until finds lease-held; }
scenario_died() {
  begin claim
  kill -9 "$pid"
  wait "$pid" 2>/dev/null
}
stamped() { rm "$channel"; act stamped; act send 5; }
scenario_bridge_stalled() { stamped; begin bridge; }
scenario_bridge_stopped() {
  stamped
  begin bridge
  kill -STOP "$pid"
}
scenario_no_bridge() {
  stamped
  begin bridge
  kill -9 "$pid"
  wait "$pid" 2>/dev/null
}
scenario_damaged() { act damage; }

# Makes what differs from run to run the same. The receiver of a busy channel may be awake at the moment.
normalise() {
  sed -E 's/(receiver viewer .* alive), waits for messages/\1/; s/[0-9][0-9,.]*/N/g; s/\b(ns|us|ms|s|min)\b/T/g; s/\b(B|KiB|MiB)\b/U/g; s/ +/ /g; s/ $//'
}

typed=0
# run_block SCENARIO FILE: FILE has the lines of the block. Prints the block as it is now.
run_block() {
  local line
  rm -rf "$folder/shm" && mkdir "$folder/shm"
  act create
  "scenario_$1"
  while IFS= read -r line; do
    [[ $line == '$ '* ]] || continue
    typed=$((typed + 1))
    echo "$line"
    line=${line#\$ }
    (cd "$folder" && bash -c "${line//\/dev\/shm/$folder/shm}" </dev/null 2>&1) | sed "s|$folder/shm|/dev/shm|g"
  done <"$2"
  end_processes
}

# The lines of the page, with the blocks replaced by what the commands print now.
state=text
scenarios=0
: >"$folder/page"
while IFS= read -r line; do
  case $state in
    text)
      echo "$line" >>"$folder/page"
      if [[ $line == '<!-- scenario '* ]]; then
        scenario=${line#<!-- scenario }
        scenario=${scenario% -->}
        state=marked
      fi
      ;;
    marked)
      [ "$line" = '```console' ] || fail "no console follows the scenario $scenario"
      echo "$line" >>"$folder/page"
      : >"$folder/block"
      state=block
      ;;
    block)
      if [ "$line" = '```' ]; then
        scenarios=$((scenarios + 1))
        run_block "$scenario" "$folder/block" >"$folder/now"
        diff <(normalise <"$folder/block") <(normalise <"$folder/now") >"$folder/difference" || [ -n "$write" ] ||
          fail "scenario $scenario: the page (<) shows something else than the commands print (>): $(cat "$folder/difference")"
        cat "$folder/now" >>"$folder/page"
        echo "$line" >>"$folder/page"
        state=text
      else
        echo "$line" >>"$folder/block"
      fi
      ;;
  esac
done <"$page"
[ "$scenarios" -ge 9 ] && [ "$typed" -ge 10 ] || fail "only $scenarios scenarios and $typed commands were found"
# Every block with a command is run.
[ "$(grep -c '^```console' "$page")" = "$scenarios" ] || fail "a console of the page has no scenario"
# Every command that the page names has a help.
for verb in $(grep -oE '`ipmpsc [a-z]+' "$page" | cut -d ' ' -f 2 | sort -u); do
  ipmpsc "$verb" --help >/dev/null || fail "the page names the verb $verb, which does not exist"
done
if [ -n "$write" ]; then cp "$folder/page" "$page"; fi
finish
