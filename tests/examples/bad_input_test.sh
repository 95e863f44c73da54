#!/bin/bash
# Bad input to the examples ends them with one clear line on standard error and status 2.
# Arguments: the send, the receive and the demo binary.
source tests/examples/expect.sh
send=$1
receive=$2
demo=$3
cd_tmp=$TEST_TMPDIR

for program in "$send" "$receive"; do
  expect_bad_input "path of one channel" "$program"
  expect_bad_input "path of one channel" "$program" a b
  expect_bad_input "unknown flag --wrong" "$program" --wrong "$cd_tmp/x"
  expect_bad_input "not an ipmpsc channel" "$program" "$cd_tmp"
  printf 'some text, longer than a page: %5000s' x >"$cd_tmp/text"
  expect_bad_input "not an ipmpsc channel" "$program" "$cd_tmp/text"
  : >"$cd_tmp/empty"
  expect_bad_input "not an ipmpsc channel" "$program" "$cd_tmp/empty"
  mkfifo "$cd_tmp/fifo"
  expect_bad_input "not an ipmpsc channel" "$program" "$cd_tmp/fifo"
  rm "$cd_tmp/fifo"
  "$program" --help | grep -q "$(basename "$program") \[flags\]" || fail "$program --help has no usage text"
done
expect_bad_input "start //examples:receive with this path" "$send" --wait=0 "$cd_tmp/nothing"
errors=$("$send" --wait=100ms "$cd_tmp/nothing" 2>&1 </dev/null)
[ $? = 2 ] || fail "a channel that never comes did not end the sender with status 2"
case $errors in *"waiting for //examples:receive to create $cd_tmp/nothing"*) ;; *) fail "the sender does not say that it waits: $errors" ;; esac
expect_bad_input "cannot be 'later'" "$send" --wait=later "$cd_tmp/nothing"
expect_bad_input "nowhere" "$receive" "$cd_tmp/nowhere/lines"
expect_bad_input "cannot be 'soon'" "$send" --timeout=soon "$cd_tmp/nothing"
expect_bad_input "needs a value" "$send" --timeout
expect_bad_input "capacity must be 1 to" "$receive" --capacity=0 "$cd_tmp/new"
expect_bad_input "capacity must be 1 to" "$receive" --capacity=18446744073709551615 "$cd_tmp/new"
expect_bad_input "cannot be '-1'" "$receive" --capacity=-1 "$cd_tmp/new"
# More than the file system has is an error, not a signal, and leaves nothing behind.
expect_bad_input "no room for a channel" "$receive" --capacity=$((1 << 46)) /dev/shm/ipmpsc-bad-input-$$
[ -e /dev/shm/ipmpsc-bad-input-$$ ] && fail "a channel that could not be created was left behind"

# A channel, and then copies of it with a damaged file.
"$receive" "$cd_tmp/lines" &
receiver=$!
wait_until test -e "$cd_tmp/lines"
head -c 100000 /dev/zero | tr '\0' x >"$cd_tmp/long"
errors=$("$send" "$cd_tmp/lines" 2>&1 <"$cd_tmp/long")
[ $? = 2 ] || fail "a line that can never fit did not end the sender with status 2"
case $errors in *"can never fit"*) ;; *) fail "a line that can never fit is not in the error: $errors" ;; esac
kill -9 $receiver
wait $receiver 2>/dev/null
cp "$cd_tmp/lines" "$cd_tmp/other"
printf '\x07' | dd of="$cd_tmp/other" bs=1 seek=8 conv=notrunc status=none
expect_bad_input "ABI version 7" "$send" "$cd_tmp/other"
expect_bad_input "ABI version 7" "$receive" "$cd_tmp/other"
truncate -s -1 "$cd_tmp/lines"
expect_bad_input "truncated" "$send" "$cd_tmp/lines"
expect_bad_input "truncated" "$receive" "$cd_tmp/lines"

expect_bad_input "unknown flag --wrong" "$demo" --wrong
expect_bad_input "unexpected argument" "$demo" extra
expect_bad_input "--seconds must be" "$demo" --seconds=0
expect_bad_input "--seconds must be" "$demo" --seconds=nan
expect_bad_input "cannot be 'many'" "$demo" --frames=many
expect_bad_input "name a readable text" "$demo" --text="$cd_tmp/nothing"
"$demo" --help | grep -q -- --seconds || fail "$demo --help has no usage text"

finish
