#!/bin/bash
# `ipmpsc top` in a terminal: it draws, follows the terminal's size and keys, and gives the terminal back.
set -u
ipmpsc=$(readlink -f "$1")
play=$(readlink -f "$2")
source tests/examples/expect.sh
command -v tmux >/dev/null || { echo "SKIPPED: tmux is not installed"; exit 0; }
folder=$(mktemp -d "${TEST_TMPDIR:-/tmp}/channels.XXXXXX")
socket=
trap 'kill -9 $(jobs -p) 2>/dev/null; tmux -S "$socket" kill-server 2>/dev/null; rm -rf "$folder" "$socket"' EXIT
export LC_ALL=C.UTF-8
unset TMUX

screen() { tmux -S "$socket" capture-pane -p; }
shows() { screen | grep -q -e "$1"; }
keys() { tmux -S "$socket" send-keys "$@"; }

for name in bids quotes; do
  "$play" "$folder/$name" create >/dev/null
  "$play" "$folder/$name" trickle >/dev/null &
  "$play" "$folder/$name" receive >/dev/null &
done
start() { # ARGUMENT...
  # A socket of its own, since the last server may not have ended yet. Its name is short.
  socket=$(mktemp -u /tmp/ipmpsc-top-XXXXXX)
  tmux -S "$socket" -f /dev/null new-session -d -x 140 -y 20 \
    "stty -a >$folder/before; '$ipmpsc' top $folder --interval 100ms $*; echo \"ended with \$?\"; stty -a >$folder/after; sleep 1000"
}
start
wait_until shows 'ipmpsc top .* 2 channels'
wait_until shows "/bids.* [1-9][0-9]* .*B .*[▁▂▃▄▅▆▇█]" || fail "the screen is: $(screen)"
wait_until shows "bids: .* receiver viewer .* alive"
wait_until shows "0  camera .* alive"
keys Down
wait_until shows "quotes: .* receiver viewer"
keys Up
wait_until shows "bids: .* receiver viewer"
keys Right Down Up Down Down x Down Up Up  # fast keys come together
wait_until shows "bids: .* receiver viewer"
keys Down Up Down
wait_until shows "quotes: .* receiver viewer"

tmux -S "$socket" resize-window -x 40 -y 8
narrow() { [ "$(screen | wc -L)" -le 40 ] && shows '^ipmpsc top .*…$' && shows 'bids'; }
wait_until narrow
tmux -S "$socket" resize-window -x 150 -y 20
wait_until shows 'REFUSED/s'

rm "$folder/bids"
wait_until shows 'ipmpsc top .* 1 channel '
keys q
wait_until shows 'ended with 0'
shows 'ipmpsc top' && fail "top left its screen behind: $(screen)"
wait_until test -s "$folder/after"
diff <(grep -v speed "$folder/before") <(grep -v speed "$folder/after") || fail "top left the terminal in another state"
tmux -S "$socket" kill-server

# A signal ends it as well, and gives the terminal back.
start --ascii
wait_until shows 'ipmpsc top'
wait_until shows '[_#]$'
shows '█' && fail "--ascii draws: $(screen)"
keys C-c
wait_until shows 'ended with 0'
finish
