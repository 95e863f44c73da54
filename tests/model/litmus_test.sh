#!/bin/bash
# Has herd7 look for each outcome that a shape of litmus/ must not have, on any machine that C++'s memory model
# allows: none is found. And each order that a shape writes down is needed: with any one of them relaxed, the
# outcome is found.
set -euo pipefail

if ! command -v herd7 >/dev/null; then
  echo "not run: herd7 is not installed (Debian has it from forky on, herdtools7)"
  exit 0
fi

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

# Prints Never, Sometimes or Always.
outcome() { # FILE
  herd7 -model c11_partialSC.cat "$1" | sed -n 's/^Observation [^ ]* \([A-Za-z]*\) .*/\1/p'
}

shapes=0
weakened=0
for shape in tests/model/litmus/*.litmus; do
  found=$(outcome "$shape")
  [ "$found" = Never ] || fail "$shape: '$found'"
  shapes=$((shapes + 1))
  # Each line with an order, in turn.
  lines=$(grep -nE 'memory_order_(release|acquire|seq_cst)' "$shape" | cut -d: -f1)
  for line in $lines; do
    sed -E "$line{s/memory_order_(release|acquire)/memory_order_relaxed/;/memory_order_seq_cst/d}" "$shape" \
      >"$TEST_TMPDIR/weak.litmus"
    found=$(outcome "$TEST_TMPDIR/weak.litmus")
    [ "$found" = Sometimes ] || fail "$shape without line $line: '$found'"
    weakened=$((weakened + 1))
  done
done
echo "$shapes shapes never, $weakened weakened ones sometimes"
[ "$shapes" -ge 8 ] || fail "few shapes"
