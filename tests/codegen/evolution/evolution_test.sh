#!/bin/bash
# Programs with an old and a new schema of one message over one channel: what they send each other
# arrives as it was sent, or the one that would spoil it is told so when it opens the channel.
# Arguments: the two programs.
source tests/examples/expect.sh
old=$1
new=$2
scratch=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$scratch"' EXIT

# expect OUTPUT COMMAND...: the command prints just that.
expect() {
  local wanted=$1 got
  shift
  got=$("$@" 2>&1)
  [ "$got" = "$wanted" ] || fail "$(printf '%s printed\n%s\ninstead of\n%s' "$*" "$got" "$wanted")"
}

# The verdict of the new schema on a channel with the old one, and the other way round.
new_of_old='  ipmpsc_test.evolution.Reading.device: field 1 is called sensor in the channel
  ipmpsc_test.evolution.Reading.history: field 7 is not in the channel'\''s schema
  ipmpsc_test.evolution.Reading.comment: field 4 is in the channel'\''s schema only
  ipmpsc_test.evolution.Reading.Unit.UNIT_PASCAL: 2 is not in the channel'\''s schema
  ipmpsc_test.evolution.Reading.Point.z: field 3 is not in the channel'\''s schema'
old_of_new='  ipmpsc_test.evolution.Reading.sensor: field 1 is called device in the channel
  ipmpsc_test.evolution.Reading.comment: field 4 is not in the channel'\''s schema
  ipmpsc_test.evolution.Reading.history: field 7 is in the channel'\''s schema only
  ipmpsc_test.evolution.Reading.Unit.UNIT_PASCAL: 2 is in the channel'\''s schema only
  ipmpsc_test.evolution.Reading.Point.z: field 3 is in the channel'\''s schema only'

path=$scratch/old
"$old" create "$path" || fail "create"
expect "" "$old" send "$path"
expect "$new_of_old" "$new" send "$path"
expect "$new_of_old
new: old, -7, 1/2/0, 3, UNIT_KELVIN, 0" "$new" receive "$path"
expect 'old: new, -8, 4/5, "", 9, 2' "$old" receive "$path"

path=$scratch/new
"$new" create "$path" || fail "create"
expect "$old_of_new" "$old" send "$path"
expect "" "$new" send "$path"
expect "new: old, -7, 1/2/0, 3, UNIT_KELVIN, 0" "$new" receive "$path"
expect "$old_of_new
old: new, -8, 4/5, \"\", 9, 2" "$old" receive "$path"

# A number that became wider goes from the old to the new only.
old_total='  ipmpsc_test.evolution.Total.sum: field 1 is uint32 here, uint64 in the channel'
new_total='  ipmpsc_test.evolution.Total.sum: field 1 is uint64 here, uint32 in the channel'
refused='FAILED_PRECONDITION: the channel carries ipmpsc_test.evolution.Total with an incompatible schema; cannot attach a'
path=$scratch/new_totals
"$new" create-for-totals "$path" || fail "create"
expect "$old_total" "$old" send-total "$path"
expect "new: 4000000000" "$new" receive-total "$path"
expect "$refused receiver:${old_total#?}" "$old" receive-total "$path"
path=$scratch/old_totals
"$old" create-for-totals "$path" || fail "create"
expect "$refused sender:${new_total#?}" "$new" send-total "$path"
expect "" "$old" send-total "$path"
expect "$new_total
new: 4000000000" "$new" receive-total "$path"

finish
