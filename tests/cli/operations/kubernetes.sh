#!/bin/bash
# Checks the Kubernetes manifests of docs/operations.md by the published schema of Kubernetes, with PyPI's
# kubernetes-validate:
#
#   ./bazelw run //tests/cli/operations:kubernetes
#
# Needs python3-venv and a network for pip. Nothing is run on a cluster.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kubernetes-validate
awk '/^```yaml/ { inside = 1; print "---"; next } /^```/ { inside = 0 } inside' docs/operations.md >"$folder/pods.yaml"
grep -q 'kind: Pod' "$folder/pods.yaml" || { echo "docs/operations.md has no pod" >&2; exit 1; }
# strict: a member that the schema does not know is an error.
"$folder/venv/bin/kubernetes-validate" --strict "$folder/pods.yaml"
# The check notices a wrong member.
sed 's/medium:/medum:/' "$folder/pods.yaml" >"$folder/wrong.yaml"
if "$folder/venv/bin/kubernetes-validate" --strict --quiet "$folder/wrong.yaml"; then
  echo "kubernetes-validate accepts anything" >&2
  exit 1
fi
echo "the manifests are valid"
