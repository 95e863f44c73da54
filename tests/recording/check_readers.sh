#!/bin/bash
# Reads recordings with three libraries of others: PyPI's mcap with mcap-protobuf-support, npm's
# @mcap/core, and the crate mcap. Replays a file that PyPI's mcap wrote.
#
#   ./bazelw run //tests/recording:check_readers
#
# Installs the libraries into a temporary folder, so it needs pip, npm, cargo and a network. A
# library whose installer is missing is left out and counted. Prints one line for each check.
set -u
ipmpsc=$(realpath "$1")
send=$(realpath "$2")
receive=$(realpath "$3")
checks=$(realpath "$(dirname "$0")/readers")
work=$(mktemp -d)
channels=$(mktemp -d /dev/shm/check_readers-XXXXXX)
children=
trap 'kill -9 $children 2>/dev/null; rm -rf "$work" "$channels"' EXIT
failed=0
left_out=0

check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    echo "passed: $what: $(tail -n 1 "$work/output")"
  else
    echo "FAILED: $what"
    cat "$work/output"
    failed=$((failed + 1))
  fi
}

fail() {
  echo "FAILED: $*"
  exit 1
}

await() { # SECONDS COMMAND...
  local tries=$(($1 * 20))
  shift
  for ((i = 0; i < tries; ++i)); do
    "$@" && return
    sleep 0.05
  done
  return 1
}

# A sender and a receiver that know nothing of recordings, and a channel of bytes.
channel=$channels/lines
"$receive" --capacity=1048576 "$channel" >"$work/received" &
children=$!
await 10 test -e "$channel" || fail "the receiver creates no channel"

record() { # FILE LINES SIGNAL
  "$ipmpsc" record "$channel" -o "$1" --from now >"$1.log" 2>&1 &
  local recorder=$!
  children="$children $recorder"
  await 10 test -s "$1" || fail "the recorder writes no file: $(cat "$1.log")"
  seq -f "line %.0f of $(basename "$1")" "$2" | "$send" "$channel" || fail "the lines are not sent"
  # Longer than a chunk stays open.
  sleep 2.5
  kill "-$3" "$recorder"
  wait "$recorder" 2>/dev/null
}

lines=20000
record "$work/finished.mcap" $lines INT
record "$work/killed.mcap" $lines KILL

# Python: both files; then a file of its own.
if python3 -m venv "$work/python" >/dev/null 2>&1 &&
  "$work/python/bin/pip" install -q mcap mcap-protobuf-support >"$work/pip" 2>&1; then
  python=$work/python/bin/python
  check "PyPI mcap, finished file" "$python" "$checks/read.py" "$work/finished.mcap" $lines finished
  check "PyPI mcap, killed recorder's file" "$python" "$checks/read.py" "$work/killed.mcap" $lines killed
  check "PyPI mcap writes a file" "$python" "$checks/write.py" "$work/foreign.mcap" 1000
  check "ipmpsc replays it" "$ipmpsc" replay "$work/foreign.mcap" --speed max --directory "$channels" \
    --capacity 1MiB
  "$ipmpsc" receive "$channels/numbers" --count 1000 --json >"$work/replayed" 2>"$work/errors"
  check "each message of it is received" "$python" "$checks/compare.py" "$work/replayed" 1000
else
  echo "left out: PyPI mcap: $(tail -n 1 "$work/pip" 2>/dev/null)"
  left_out=$((left_out + 1))
fi

# JavaScript.
if command -v node >/dev/null && npm install --prefix "$work/npm" --no-audit --no-fund \
  --loglevel=error @mcap/core@2 fzstd protobufjs >"$work/npm.log" 2>&1; then
  cp "$checks/read.mjs" "$work/npm/"
  for kind in finished killed; do
    check "npm @mcap/core, $kind file" node "$work/npm/read.mjs" "$work/$kind.mcap" $lines $kind
  done
else
  echo "left out: npm @mcap/core: $(tail -n 1 "$work/npm.log" 2>/dev/null)"
  left_out=$((left_out + 1))
fi

# Rust.
if command -v cargo >/dev/null && mkdir -p "$work/rust/src" && cp "$checks/read.rs" "$work/rust/src/main.rs" &&
  printf '[package]\nname = "read"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nmcap = "0.26"\n' \
    >"$work/rust/Cargo.toml" &&
  (cd "$work/rust" && cargo build -q >"$work/cargo.log" 2>&1); then
  for kind in finished killed; do
    check "crate mcap, $kind file" "$work/rust/target/debug/read" "$work/$kind.mcap" $lines $kind
  done
else
  echo "left out: crate mcap: $(tail -n 1 "$work/cargo.log" 2>/dev/null)"
  left_out=$((left_out + 1))
fi

echo "$failed failed, $left_out libraries left out"
[ "$failed" = 0 ]
