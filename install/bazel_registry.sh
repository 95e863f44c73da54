#!/bin/bash
# Makes a registry of Bazel modules with this tree in it, from .bcr/ and the archive of release.sh:
#
#   install/bazel_registry.sh FOLDER
#
# A project with `bazel_dep(name = "ipmpsc", version = ...)` and no override finds the module by
# --registry=file://FOLDER. Only what is committed is in it.
set -euo pipefail

if [ $# != 1 ] || [ -z "$1" ] || [[ $1 == -* ]]; then
  echo "usage: install/bazel_registry.sh FOLDER" >&2
  exit 2
fi
tree=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
"$tree/release.sh" --no-build "$folder" >&2

version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' "$tree/ipmpsc/version.h")
module=$folder/modules/ipmpsc
mkdir -p "$module/$version"
echo "{}" >"$folder/bazel_registry.json"
tar -xzOf "$folder/ipmpsc-$version.tar.gz" "ipmpsc-$version/MODULE.bazel" >"$module/$version/MODULE.bazel"
python3 - "$tree/.bcr" "$folder" "$version" <<'END'
import base64
import hashlib
import json
import pathlib
import sys

templates, folder, version = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
archive = folder / f"ipmpsc-{version}.tar.gz"
module = folder / "modules" / "ipmpsc"

source = json.loads((templates / "source.template.json").read_text())
source["strip_prefix"] = source["strip_prefix"].replace("{VERSION}", version)
source["url"] = archive.as_uri()
digest = hashlib.sha256(archive.read_bytes()).digest()
source["integrity"] = "sha256-" + base64.b64encode(digest).decode()
(module / version / "source.json").write_text(json.dumps(source, indent=4) + "\n")

metadata = json.loads((templates / "metadata.template.json").read_text())
metadata["versions"] = [version]
(module / "metadata.json").write_text(json.dumps(metadata, indent=4) + "\n")
END
echo "--registry=file://$folder"
