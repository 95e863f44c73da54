#!/bin/bash
# Unpacks the source of a Debian package, with Debian's patches: the version that is installed, or
# that of the release where the mirror no longer has it. apt checks signatures and sums.
#
#   fetch_source.sh SOURCE PACKAGE FOLDER
#
# SOURCE is the name of the source package, PACKAGE an installed package that was built from it.
# Touches nothing of the system: the lists of sources lie in a folder of their own.
set -eu
source=$1 package=$2 folder=$3

for tool in apt-get dpkg-query dpkg-source; do
  command -v "$tool" >/dev/null && continue
  echo "$0: $tool is missing: --config=musl needs Debian or Ubuntu; apt-get install dpkg-dev" >&2
  exit 1
done

release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016
version=$(dpkg-query -W -f '${source:Version}' "$package")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/lists/partial" "$scratch/source"

# The sources beside the packages that this machine's apt knows of its release.
# shellcheck disable=SC2016
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v release="$release" '$2 == release || index($2, release "-") == 1 { print "deb-src", $0 }' |
  sort -u >"$scratch/sources.list"
options=(
  -o "Dir::State::lists=$scratch/lists"
  -o "Dir::Etc::sourcelist=$scratch/sources.list"
  -o Dir::Etc::sourceparts=/dev/null
  -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  -o APT::Sandbox::User= -o Acquire::Retries=3
)
apt-get "${options[@]}" -qq update >&2

cd "$scratch/source"
apt-get "${options[@]}" -qq source "$source=$version" >&2 ||
  apt-get "${options[@]}" -qq source "$source/$release" >&2
unpacked=("$scratch/source"/*/)
cp -a "${unpacked[0]}." "$folder"
