#!/bin/bash
# Makes a registry of Bazel modules with this tree in it, from .bcr/ and the archive of release.sh:
#
#   install/bazel_registry.sh FOLDER [ADDRESS]
#
# ADDRESS is where projects will see FOLDER, for instance https://example.org/modules. By default it is file://FOLDER.
# A project with `bazel_dep(name = "ipmpsc", version = ...)` and no override finds the module by --registry=ADDRESS.
# Only what is committed is in it.
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ] || [ -z "$1" ] || [[ $1 == -* ]]; then
  echo "usage: install/bazel_registry.sh FOLDER [ADDRESS]" >&2
  exit 2
fi
tree=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
address=${2:-$(python3 -c 'import pathlib, sys; print(pathlib.Path(sys.argv[1]).as_uri())' "$folder")}
address=${address%/}
"$tree/release.sh" --no-build "$folder" >&2

version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' "$tree/ipmpsc/version.h")
module=$folder/modules/ipmpsc
mkdir -p "$module/$version"
echo "{}" >"$folder/bazel_registry.json"
tar -xzOf "$folder/ipmpsc-$version.tar.gz" "ipmpsc-$version/MODULE.bazel" >"$module/$version/MODULE.bazel"
python3 - "$tree/.bcr" "$folder" "$version" "$address" <<'END'
import base64
import hashlib
import json
import pathlib
import sys

templates, folder, version, address = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
archive = folder / f"ipmpsc-{version}.tar.gz"
module = folder / "modules" / "ipmpsc"

source = json.loads((templates / "source.template.json").read_text())
source["strip_prefix"] = source["strip_prefix"].replace("{VERSION}", version)
source["url"] = f"{address}/{archive.name}"
digest = hashlib.sha256(archive.read_bytes()).digest()
source["integrity"] = "sha256-" + base64.b64encode(digest).decode()
(module / version / "source.json").write_text(json.dumps(source, indent=4) + "\n")

metadata = json.loads((templates / "metadata.template.json").read_text())
metadata["versions"] = [version]
(module / "metadata.json").write_text(json.dumps(metadata, indent=4) + "\n")
END
echo "--registry=$address"
