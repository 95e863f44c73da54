#!/bin/bash
# Builds the command `ipmpsc` as a static program with musl, and uses it on channels of programs with glibc:
# on this machine, and in a root that holds nothing else.
#
#   tests/install/static_command.sh [FOLDER]
#
# FOLDER keeps the static command. Needs root, for the empty root, and a network for PyPI and apt. The first
# build takes minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ "$(id -u)" = 0 ] || { echo "$0: must be root, to make an empty root" >&2; exit 2; }
scratch=$(mktemp -d)
folder=${1:-$scratch/command}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
channels=$(mktemp -d /dev/shm/ipmpsc-static.XXXXXX)
receiver=
trap '[ -z "$receiver" ] || kill "$receiver" 2>/dev/null || true; rm -rf "$scratch" "$channels"' EXIT
root=$scratch/root
mkdir -p "$root/dev/shm" "$root/out" "$root/proc" "$scratch/glibc"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

./bazelw build -c opt --config=musl --noshow_progress --show_result=0 //cli:ipmpsc
install bazel-bin/cli/ipmpsc "$folder/ipmpsc"
install bazel-bin/cli/ipmpsc "$root/ipmpsc"
./bazelw build --config=strict --noshow_progress --show_result=0 //cli:ipmpsc //tests/cli:reading_program
install bazel-bin/cli/ipmpsc bazel-bin/tests/cli/reading_program "$scratch/glibc"
ls -l "$folder/ipmpsc"
headers=$(readelf --program-headers --wide "$folder/ipmpsc")
[[ $headers != *INTERP* && $headers != *DYNAMIC* ]] || fail "the command is not static: $headers"

# Runs the static command on this machine, and in a root without another file. There /proc is missing, too.
here() {
  timeout 60 "$folder/ipmpsc" "$@"
}
alone() {
  timeout 60 unshare --mount --propagation private bash -c '
    mount --bind /dev/shm "$0/dev/shm" && exec chroot "$0" /ipmpsc "$@"' "$root" "$@"
}
# As `alone`, with the processes of this machine.
alone_with_proc() {
  timeout 60 unshare --mount --propagation private bash -c '
    mount --bind /dev/shm "$0/dev/shm" && mount --bind /proc "$0/proc" && exec chroot "$0" /ipmpsc "$@"' "$root" "$@"
}
glibc() {
  timeout 60 "$scratch/glibc/ipmpsc" "$@"
}
# Waits until the receiver has printed so many lines.
await_lines() { # COUNT
  local deadline=$((SECONDS + 60))
  while [ "$(wc -l <"$scratch/received")" -lt "$1" ]; do
    kill -0 "$receiver" 2>/dev/null || fail "the receiver ended: $(cat "$scratch/received")"
    [ "$SECONDS" -lt "$deadline" ] || fail "after a minute the receiver has only printed: $(cat "$scratch/received")"
    sleep 0.05
  done
}
expect_in() { # TEXT OUTPUT
  [[ $2 == *"$1"* ]] || fail "'$1' is not in '$2'"
}

for run in here alone alone_with_proc; do
  echo "--- $run"
  channel=$channels/$run
  mkfifo "$scratch/$run"
  : >"$scratch/received"
  "$scratch/glibc/reading_program" "$channel" receive <"$scratch/$run" >"$scratch/received" &
  receiver=$!
  exec 3>"$scratch/$run"
  await_lines 1

  version=$("$run" --version)
  [ "$version" = "$(glibc --version)" ] || fail "its version is '$version'"
  expect_in doctor "$("$run" --help)"
  glibc send "$channel" --message 'name: "glibc" count: 1'
  sender=$run
  if [ "$run" = alone ]; then
    # A participant needs /proc for its lock. Looking needs nothing.
    if told=$("$run" send "$channel" --message 'name: "none"' 2>&1); then
      fail "without /proc the command sends: $told"
    fi
    expect_in "/proc is not mounted" "$told"
    sender=alone_with_proc
  fi
  "$sender" send "$channel" --message 'name: "musl" count: 2'
  await_lines 3
  cat "$scratch/received"
  expect_in "$channel" "$("$run" ls "$channels")"
  expect_in "$channel" "$("$run" ls "$channels" --json)"
  expect_in reading_program "$("$run" info "$channel")"
  tailed=$("$run" tail "$channel" --from kept --no-wait)
  [ "$tailed" = $'name: "glibc" count: 1\nname: "musl" count: 2' ] || fail "tail printed '$tailed'"
  case $run in here) file=$root/out/here.mcap ;; *) file=/out/$run.mcap ;; esac
  "$run" record "$channel" -o "$file" --duration 200ms
  # The other C library reads the file.
  glibc replay "$root/out/$run.mcap" --speed max --rename "$channel=$channel.copy" --directory "$channels"
  tailed=$(glibc tail "$channel.copy" --from oldest --no-wait)
  [ "$tailed" = $'name: "glibc" count: 1\nname: "musl" count: 2' ] || fail "the recording has '$tailed'"
  "$run" doctor "$channel"

  # The kernel's locks tell of a death, whichever C library asks.
  kill -9 "$receiver"
  wait "$receiver" 2>/dev/null || true
  receiver=
  exec 3>&-
  status=0
  told=$("$run" doctor "$channel" --json) || status=$?
  echo "$told"
  expect_in receiver "$told"
  [ "$status" = "$(glibc doctor "$channel" >/dev/null && echo 0 || echo $?)" ] ||
    fail "doctor's status is $status, and that of glibc's doctor is another one"
done
echo "the static command works on channels of programs with glibc, and alone"
