#!/bin/bash
# Looks at the shared library of the C interface: its symbols, and its types beside those of ipmpsc_c.abi.
# Compiles the programs of examples/c against it, and runs them.
#
#   ./bazelw run //tests/c:library_test -- --update    writes ipmpsc_c.abi
set -euo pipefail

library=$(find -L install -name 'libipmpsc_c.so.*' | head -1)
header=ipmpsc/c/ipmpsc.h
headers=$(find -L ipmpsc/c -name '*.h')
work=${TEST_TMPDIR:-$(mktemp -d)}
failed=0

fail() {
  echo "FAILED: $1" >&2
  failed=1
}

# Prints the interface that the header declares. C++ types inside the library would drown it, so this reads a
# library of functions that do nothing.
describe() {
  "${CC:-gcc}" -E -P -I. "$header" |
    sed -zE 's/(visibility\("default"\)[^;]*);/\1 { __builtin_trap(); }/g' >"$work/interface.c"
  "${CC:-gcc}" -g -shared -fPIC -Wl,-soname,libipmpsc_c.so.0.1 "$work/interface.c" -o "$work/interface.so"
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$work/interface.so" |
    sed "s| path='[^']*'||"
}

if [ "${1-}" = --update ]; then
  describe >"$(dirname "$(readlink -f tests/c/library_test.sh)")/ipmpsc_c.abi"
  exit
fi

# The functions of the headers, and nothing else. ipmpsc.h includes all of them.
declared=$(grep -ohE '\bipmpsc_[a-z_]+\(' $headers | tr -d '(' | sort -u)
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u)
[ "$(wc -w <<<"$declared")" -ge 55 ] || fail "few functions in $headers: $declared"
if ! diff <(echo "$declared") <(echo "$exported"); then
  fail "the headers (<) and the library (>) have different functions"
fi
if nm -D --defined-only "$library" | awk '$2 != "A"' | grep -v '@@IPMPSC_C_0\.1$'; then
  fail "a symbol is not of the version IPMPSC_C_0.1"
fi
readelf -d "$library" | grep -q 'SONAME.*\[libipmpsc_c\.so\.0\.1\]' || fail "it has another soname"

for file in $headers; do
  [ "$file" = "$header" ] || grep -qF "#include \"$file\"" "$header" || fail "$header does not include $file"
done

# Sees functions, fields and their types.
format() { # FILE
  sed -n "1s/.* version='\([0-9]*\).*/\1/p" "$1"
}
if ! command -v abidiff >/dev/null; then
  echo "SKIPPED: no abidiff, so nothing compares the types: apt-get install abigail-tools"
else
  describe >"$work/interface.abi"
  status=0
  abidiff tests/c/ipmpsc_c.abi "$work/interface.abi" >"$work/difference" || status=$?
  # Debian 12's, so that CI compares.
  [ "$(format tests/c/ipmpsc_c.abi)" = 2 ] || fail "ipmpsc_c.abi has another format than Debian 12's libabigail writes"
  if [ "$(format "$work/interface.abi")" -gt 2 ]; then
    echo "SKIPPED: this libabigail writes a later format than ipmpsc_c.abi has, so nothing compares the types"
  elif [ "$status" != 0 ]; then
    cat "$work/difference"
    fail "the interface has changed. An addition: ./bazelw run //tests/c:library_test -- --update. Anything
else breaks programs that exist: docs/c.md, 'How it changes'"
  fi
fi

# The examples, between processes.
ln -sf "$(readlink -f "$library")" "$work/libipmpsc_c.so"
ln -sf "$(readlink -f "$library")" "$work/libipmpsc_c.so.0.1"
for program in send receive; do
  "${CC:-gcc}" -std=c11 -Wall -Wextra -Werror -pedantic -I. "examples/c/$program.c" -L"$work" -lipmpsc_c \
    -o "$work/$program"
done
export LD_LIBRARY_PATH=$work
channel=$work/lines
"$work/receive" "$channel" >"$work/output" &
receiver=$!
printf 'one\n\nthree' | "$work/send" "$channel" || fail "send failed"
wait "$receiver" || fail "receive failed"
[ "$(cat "$work/output")" = "$(printf 'one\n\nthree\n')" ] || fail "receive printed: $(cat "$work/output")"
[ ! -e "$channel" ] || fail "receive left its channel"
"$work/send" /dev/null </dev/null 2>"$work/error" && fail "send takes /dev/null for a channel"
grep -q '^send: /dev/null: .' "$work/error" || fail "send said: $(cat "$work/error")"

exit $failed
