#!/bin/bash
# Compares every version in this tree with the one in ipmpsc/version.h.
set -uo pipefail

version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' ipmpsc/version.h)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "FAILED: ipmpsc/version.h has no version: $version" >&2; exit 1; }
minor=${version%.*}
failed=0

expect() { # FILE EXPECTED FOUND
  [ "$2" = "$3" ] && return
  echo "FAILED: $1 has '$3' in place of '$2', the version in ipmpsc/version.h; change it to '$2'" >&2
  failed=1
}

# Prints what the first line that matches has between the parentheses of the pattern.
found() { # FILE PATTERN
  sed -nE "s/$2/\\1/p" "$1" | head -n 1
}

expect MODULE.bazel "$version" "$(found MODULE.bazel '^    version = "(.*)",$')"
expect install/version.bzl "$version" "$(found install/version.bzl '^VERSION = "(.*)"')"
expect install/version.bzl "$minor" "$(found install/version.bzl '^SHARED_VERSION = "(.*)"')"
expect rust/Cargo.toml "$version" "$(found rust/Cargo.toml '^version = "(.*)"')"
expect rust/Cargo.lock "$version" "$(sed -n '/name = "ipmpsc-shm"/{n;s/version = "\(.*\)"/\1/p}' rust/Cargo.lock)"
expect debian/changelog "$version" "$(found debian/changelog '^ipmpsc \(([^)-]*)(-[^)]*)?\) .*')"
expect CHANGELOG.md "$version" "$(found CHANGELOG.md '^## ([0-9][0-9.]*).*')"
expect install/vcpkg/vcpkg.json "$version" "$(found install/vcpkg/vcpkg.json '.*"version": "(.*)".*')"
for file in README.md docs/install.md; do
  expect "$file" "$version" "$(found "$file" '.*bazel_dep\(name = "ipmpsc", version = "([^"]*)"\).*')"
done
# Debian's modules take rules from ipmpsc. Without its version they do not go together with a registry.
for module in abseil-cpp cli11 googletest nlohmann_json protobuf zlib zstd; do
  file=third_party/debian/modules/$module/MODULE.bazel
  expect "$file" "$version" "$(found "$file" '^bazel_dep\(name = "ipmpsc", version = "(.*)"\)$')"
done
expect docs/install.md "$minor" "$(found docs/install.md '^find_package\(ipmpsc ([0-9.]*) .*')"

# These read ipmpsc/version.h themselves.
for file in python/pyproject.toml install/conan/conanfile.py; do
  grep -q 'version\.h' "$file" || expect "$file" "a reader of ipmpsc/version.h" "none"
  ! grep -qF "\"$version\"" "$file" || expect "$file" "a reader of ipmpsc/version.h" "$version"
done

[ "$failed" = 0 ] && echo "every file has version $version"
