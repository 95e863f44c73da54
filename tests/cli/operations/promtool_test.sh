#!/bin/bash
# The metrics, the alerts and the dashboard, checked by Prometheus's own tool where it is installed.
set -u
ipmpsc=$(readlink -f "$1")
play=$(readlink -f "$2")
rules=$(readlink -f "$3")
dashboard=$(readlink -f "$4")
rules_test=$(readlink -f "$5")
source tests/examples/expect.sh
folder=$(mktemp -d "${TEST_TMPDIR:-/tmp}/channels.XXXXXX")
trap 'rm -rf "$folder"' EXIT
"$play" "$folder/quotes" create >/dev/null
"$play" "$folder/quotes" send 3 >/dev/null
"$ipmpsc" metrics "$folder" >"$folder/metrics" || fail "no metrics"
grep '^# TYPE' "$folder/metrics" | cut -d ' ' -f 3 | sort >"$folder/names"

# Each metric that the alerts and the dashboard name is exported.
for file in "$rules" "$dashboard"; do
  grep -oE 'ipmpsc_[a-z_]+' "$file" | sort -u | grep -vxF -f "$folder/names" && fail "$file names metrics that do not exist"
done
# The page lists each of them.
page=$(readlink -f "$6")
while read -r name; do
  grep -qF "\`$name\`" "$page" || fail "docs/operations.md does not list $name"
done <"$folder/names"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$dashboard" || fail "the dashboard is no JSON"

if command -v promtool >/dev/null; then
  promtool check metrics <"$folder/metrics" || fail "promtool finds faults in the metrics"
  promtool check rules "$rules" || fail "promtool finds faults in the alerts"
  cp "$rules" "$rules_test" "$folder"
  (cd "$folder" && promtool test rules alerts_test.yml) || fail "the alerts do not fire as they should"
  # promtool notices what it should.
  printf '# TYPE wrong counter\nwrong 1\n' | promtool check metrics >/dev/null 2>&1 && fail "promtool accepts anything"
else
  echo "SKIPPED: promtool is not installed; apt-get install --no-install-recommends prometheus"
fi
finish
