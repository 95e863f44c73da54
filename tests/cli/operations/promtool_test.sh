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
  # Each query of the dashboard finds a line for each of two machines whose channels have the same path.
  python3 - "$dashboard" >"$folder/dashboard_test.yml" <<'END'
import json, re, sys
panels = json.load(open(sys.argv[1]))["panels"]
queries = [target["expr"].replace("$__rate_interval", "4m").replace("$channel", ".*")
           for panel in panels for target in panel["targets"]]
series = []
for name in sorted(set(re.findall(r"ipmpsc_\w+", " ".join(queries)))):
    labels = 'channel="/dev/shm/quotes"'
    if name.startswith(("ipmpsc_sender_", "ipmpsc_sent_")):
        labels += ',slot="0"'
    if name == "ipmpsc_sender_info":
        labels += ',name="camera",pid="17"'
    series += [{"series": '%s{%s,instance="%s"}' % (name, labels, machine), "values": "1+60x10"} for machine in "ab"]
json.dump({"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [
    {"expr": "count(%s)" % query, "eval_time": "8m", "exp_samples": [{"labels": "{}", "value": 2}]}
    for query in queries]}]}, sys.stdout)
END
  promtool test rules "$folder/dashboard_test.yml" || fail "a query of the dashboard does not find both machines"
  # promtool notices what it should.
  printf '# TYPE wrong counter\nwrong 1\n' | promtool check metrics >/dev/null 2>&1 && fail "promtool accepts anything"
else
  echo "SKIPPED: promtool is not installed; apt-get install --no-install-recommends prometheus"
fi
finish
