# Shell functions for tests that run programs. Sourced.

set -u
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# Waits until the command given succeeds; gives up after a minute.
wait_until() {
  local i
  for i in $(seq 600); do
    "$@" && return 0
    sleep 0.1
  done
  fail "gave up waiting for: $*"
  return 1
}

# expect_bad_input TEXT COMMAND...: the command ends with status 2, and prints one line with TEXT on standard error.
expect_bad_input() {
  local text=$1 errors status
  shift
  errors=$("$@" 2>&1 >/dev/null </dev/null)
  status=$?
  [ "$status" = 2 ] || fail "$* ended with status $status instead of 2"
  [ "$(printf '%s\n' "$errors" | wc -l)" = 1 ] || fail "$* printed more than one line: $errors"
  case $errors in
    *"$text"*) ;;
    *) fail "$* printed '$errors' without '$text'" ;;
  esac
}

finish() {
  [ "$failures" = 0 ] || exit 1
  echo "all passed"
  exit 0
}
