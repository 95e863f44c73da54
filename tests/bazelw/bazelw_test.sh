#!/bin/bash
# Runs bazelw on an imitated machine: a folder in place of /, and an apt-get that "installs" into it.
set -u

failures=0
sysroot=$TEST_TMPDIR/sysroot
tree=$TEST_TMPDIR/tree
bin=$TEST_TMPDIR/bin
packages=third_party/debian/packages.txt

fail() {
  echo "FAILED in ${FUNCNAME[2]}: $1" >&2
  echo "  stdout: $(cat "$TEST_TMPDIR/stdout")" >&2
  echo "  stderr: $(cat "$TEST_TMPDIR/stderr")" >&2
  failures=$((failures + 1))
}

expect_eq() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }
expect_in() { [[ $2 == *"$1"* ]] || fail "'$1' is not in '$2'"; }
expect_not_in() { [[ $2 != *"$1"* ]] || fail "'$1' is in '$2'"; }

# Prints every file that packages.txt names as a sign for the groups given.
signs() {
  awk -v groups=" $* " '$1 !~ /^#/ && index(groups, " " $1 " ") && $3 ~ /^\// { print $3 }' "$packages"
}

add_jvm() { # NAME VERSION
  mkdir -p "$sysroot/usr/lib/jvm/$1/bin"
  printf 'IMPLEMENTOR="X"\nJAVA_VERSION="%s"\n' "$2" >"$sysroot/usr/lib/jvm/$1/release"
  printf '#!/bin/sh\n' >"$sysroot/usr/lib/jvm/$1/bin/java"
  chmod +x "$sysroot/usr/lib/jvm/$1/bin/java"
}

add_files() { # GROUP...
  local sign
  for sign in $(signs "$@"); do
    mkdir -p "$sysroot$(dirname "$sign")"
    touch "$sysroot$sign"
  done
  cat >"$sysroot/usr/bin/bazel-4" <<'EOF'
#!/bin/sh
echo "bazel in $PWD with JAVA_HOME=$JAVA_HOME"
printf '<%s>' "$@"
exit 7
EOF
  chmod +x "$sysroot/usr/bin/bazel-4"
}

# Makes a Debian 12 with the tree on it and nothing installed. $ON_INSTALL is what its apt-get does.
new_machine() {
  rm -rf "$sysroot" "$tree" "$bin"
  mkdir -p "$sysroot/etc" "$tree/some/folder" "$tree/$(dirname $packages)" "$bin"
  printf 'ID=debian\nVERSION_CODENAME=bookworm\n' >"$sysroot/etc/os-release"
  cp -L bazelw "$tree/bazelw"
  cp -L "$packages" third_party/debian/modules.bazelrc "$tree/$(dirname $packages)"
  cat >"$bin/apt-get" <<'EOF'
#!/bin/bash
echo "apt-get $*" >>"$TEST_TMPDIR/apt.log"
echo "noise of apt-get"
if [ "$1" = update ]; then exit "${APT_UPDATE_STATUS-0}"; fi
eval "${ON_INSTALL-}"
EOF
  printf '#!/bin/sh\nexec "$@"\n' >"$bin/sudo"
  # Hides the Bazel of the real machine.
  printf '#!/bin/sh\nexit 1\n' | tee "$bin/bazel" >"$bin/bazelisk"
  chmod +x "$bin"/*
  : >"$TEST_TMPDIR/apt.log"
}

# Sets `status`, `stdout` and `stderr`. Assignments before the arguments go into the environment.
bazelw_from() { # FOLDER [NAME=VALUE...] -- ARGUMENT...
  local folder=$1
  shift
  local environment=()
  while [ "$1" != -- ]; do
    environment+=("$1")
    shift
  done
  shift
  (
    cd "$folder" &&
      env -u JAVA_HOME -u IPMPSC_NO_INSTALL PATH="$bin:$PATH" IPMPSC_SYSROOT="$sysroot" \
        "${environment[@]}" "$tree/bazelw" "$@"
  ) >"$TEST_TMPDIR/stdout" 2>"$TEST_TMPDIR/stderr" </dev/null
  status=$?
  stdout=$(cat "$TEST_TMPDIR/stdout")
  stderr=$(cat "$TEST_TMPDIR/stderr")
}

passes_on_arguments_status_and_folder() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  bazelw_from "$tree/some/folder" -- run :x -- 'two words' '*'
  expect_eq 7 "$status"
  expect_eq "bazel in $tree/some/folder with JAVA_HOME=$sysroot/usr/lib/jvm/java-17
<run><:x><--><two words><*>" "$stdout"
  expect_eq "" "$stderr"
}

prints_the_apt_line_for_what_is_missing() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  rm "$sysroot/usr/bin/protoc" "$sysroot/usr/include/google/protobuf/compiler/plugin.h"
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- build //...
  expect_eq 1 "$status"
  expect_eq 1 "$(wc -l <"$TEST_TMPDIR/stdout")"
  expect_in "apt-get update && " "$stdout"
  expect_in "apt-get install -y --no-install-recommends libprotoc-dev protobuf-compiler" "$stdout"
  expect_not_in libabsl-dev "$stdout"
  expect_in "missing: libprotoc-dev protobuf-compiler" "$stderr"
  expect_eq "" "$(cat "$TEST_TMPDIR/apt.log")"
}

lists_each_package_of_an_empty_machine() {
  new_machine
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- build //...
  expect_eq 1 "$status"
  local package
  for package in $(awk '$1 ~ /^(build|bookworm|bridge|cli|test|viewer)$/ { print $2 }' "$packages"); do
    expect_in " $package" "$stdout"
  done
  expect_not_in clang "$stdout"
}

# packages_of GROUP...: the packages of the groups, as the apt line has them.
packages_of() {
  local group
  for group; do awk -v group="$group" '$1 == group { printf " %s", $2 }' "$packages"; done
}

# expect_install GROUPS -- ARGUMENT...: on an empty machine the arguments install these groups, nothing else.
expect_install() {
  local groups=()
  while [ "$1" != -- ]; do
    groups+=("$1")
    shift
  done
  shift
  bazelw_from "$folder" IPMPSC_NO_INSTALL=1 -- "$@"
  expect_eq 1 "$status"
  expect_eq "$(packages_of "${groups[@]}" | tr ' ' '\n' | sort)" \
    "$(sed 's/.*--no-install-recommends//' <<<"$stdout" | tr ' ' '\n' | sort)"
}

installs_for_each_command_what_it_needs() {
  new_machine
  mkdir -p "$tree/tests/codegen" "$tree/examples"
  local folder=$tree
  expect_install build bookworm -- run //examples:demo
  expect_install build bookworm -- run -c opt //examples:demo
  expect_install build bookworm -- --output_user_root=/x run //examples:demo -- //tests/x //...
  expect_install build bookworm cli -- run //cli:ipmpsc -- info quotes
  expect_install build bookworm cli -- run //:install -- --prefix /opt/ipmpsc
  expect_install build bookworm -- build //codegen:protoc-gen-ipmpsc
  expect_install build bookworm -- --version
  expect_install build bookworm bridge cli -- run //examples:bridge
  expect_install build bookworm bridge cli -- build //bridge:ipmpsc-bridge
  expect_install build bookworm bridge cli test -- test //tests/bridge:forwarder_test
  expect_install build bookworm viewer -- run //examples:viewer
  expect_install build bookworm viewer -- build //examples/video:camera
  expect_install build bookworm docs -- run //docs/site -- out
  expect_install build bookworm browser cli docs test -- test //tests/docs:browser_test
  expect_install build bookworm test -- test //examples:demo
  expect_install build bookworm test -- coverage //ipmpsc:channel
  expect_install build bookworm cli test -- run -c opt //tests/process:soak
  expect_install build bookworm test -- run -c opt //benchmarks:compare
  expect_install build bookworm bridge cli test viewer -- test //...
  expect_install build bookworm bridge cli test viewer -- build //...
  expect_install build bookworm bridge cli test viewer -- query //ipmpsc:all
  expect_install build bookworm bridge cli test viewer -- build '//ipmpsc:*'
  # Labels that count from the folder.
  expect_install build bookworm bridge cli test viewer -- build ...
  expect_install build bookworm -- run :x
  expect_install build bookworm cli test -- build tests/codegen:x
  folder=$tree/tests/codegen
  expect_install build bookworm cli test -- run :x
  expect_install build bookworm -- run //examples:demo
  folder=$tree/examples
  expect_install build bookworm viewer -- run :viewer
}

# Makes the machine complete, and puts its files aside for the apt-get above to install.
put_aside_complete_machine() {
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  rm -rf "$TEST_TMPDIR/complete"
  mv "$sysroot/usr" "$TEST_TMPDIR/complete"
  on_install="cp -R $TEST_TMPDIR/complete $sysroot/usr"
}

installs_and_runs() {
  new_machine
  put_aside_complete_machine
  bazelw_from "$tree" ON_INSTALL="$on_install" -- info
  expect_eq 7 "$status"
  expect_in "<info>" "$stdout"
  expect_not_in "noise of apt-get" "$stdout"
  expect_in "running: " "$stderr"
  expect_in "bazel-bootstrap" "$stderr"
  expect_eq "apt-get update" "$(head -1 "$TEST_TMPDIR/apt.log")"
  expect_eq 2 "$(wc -l <"$TEST_TMPDIR/apt.log")"
}

installs_although_the_update_failed() {
  new_machine
  put_aside_complete_machine
  bazelw_from "$tree" APT_UPDATE_STATUS=100 ON_INSTALL="$on_install" -- info
  expect_eq 7 "$status"
  expect_in "apt-get update failed" "$stderr"
}

stops_when_the_installation_did_not_help() {
  new_machine
  add_files build bridge cli test viewer
  bazelw_from "$tree" ON_INSTALL=true -- info
  expect_eq 1 "$status"
  expect_in "still missing" "$stderr"
  bazelw_from "$tree" ON_INSTALL="exit 100" -- info
  expect_eq 100 "$status"
  expect_eq "" "$stdout"
}

takes_a_jvm_between_11_and_17() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm a-25 25.0.3
  add_jvm b-8 1.8.0_402
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 JAVA_HOME="$sysroot/usr/lib/jvm/a-25" -- info
  expect_eq 1 "$status"
  expect_in openjdk-17-jdk-headless "$stdout"
  add_jvm c-17 17.0.15
  bazelw_from "$tree" JAVA_HOME="$sysroot/usr/lib/jvm/a-25" -- info
  expect_in "JAVA_HOME=$sysroot/usr/lib/jvm/c-17" "$stdout"
  add_jvm d-11 11.0.2
  bazelw_from "$tree" JAVA_HOME="$sysroot/usr/lib/jvm/d-11" -- info
  expect_in "JAVA_HOME=$sysroot/usr/lib/jvm/d-11" "$stdout"
}

wants_clang_where_it_is_asked_for() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- test //... --config=clang
  expect_in " clang-14 " "$stdout "
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- run :x -- --config=clang
  expect_eq 7 "$status"
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 IPMPSC_PACKAGES=format -- info
  expect_in " clang-format-14" "$stdout"
}

adds_the_architecture_that_it_builds_for() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- test //... --config=aarch64
  expect_in "dpkg --add-architecture arm64 && " "$stdout"
  expect_in " libabsl-dev:arm64 " "$stdout"
  printf '#!/bin/sh\necho "dpkg $*" >>"$TEST_TMPDIR/apt.log"\n' >"$bin/dpkg"
  chmod +x "$bin/dpkg"
  bazelw_from "$tree" ON_INSTALL=true -- test //... --config=aarch64
  expect_eq 1 "$status"
  expect_eq "dpkg --add-architecture arm64" "$(head -1 "$TEST_TMPDIR/apt.log")"
  expect_in "apt-get install -y --no-install-recommends g++-aarch64-linux-gnu" "$(tail -1 "$TEST_TMPDIR/apt.log")"
}

installs_what_fetches_sources_for_musl() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- test //... --config=musl
  expect_in " python3-pip" "$stdout"
}

# Puts a Bazel into the PATH that prints what it was called with.
add_bazel() { # NAME VERSION
  cat >"$bin/$1" <<EOF
#!/bin/sh
if [ "\$*" = --version ]; then
  echo "bazel $2"
  exit 0
fi
echo "$1 \$* with JAVA_HOME=\${JAVA_HOME-} USE_BAZEL_VERSION=\$USE_BAZEL_VERSION"
EOF
}

takes_a_bazel_in_the_path() {
  local name
  for name in bazel bazelisk; do
    new_machine
    add_files build bridge cli test viewer
    rm "$sysroot/usr/bin/bazel-4"
    add_bazel "$name" 7.7.1
    bazelw_from "$tree/some/folder" -- info x
    expect_eq "$name --bazelrc=$tree/third_party/debian/modules.bazelrc info x with JAVA_HOME= USE_BAZEL_VERSION=7.7.1" "$stdout"
    expect_eq "" "$stderr"
  done
  bazelw_from "$tree" USE_BAZEL_VERSION=8.0.0 -- info
  expect_in "USE_BAZEL_VERSION=8.0.0" "$stdout"
}

takes_workspace_before_bazel_7() {
  new_machine
  add_files build bridge cli test viewer
  rm "$sysroot/usr/bin/bazel-4"
  add_bazel bazel 6.5.0
  bazelw_from "$tree" -- info
  expect_in "bazel info with" "$stdout"
}

# In a project of its own beside the tree: the tree's modules, under the tree's path.
gives_other_projects_the_modules_of_this_tree() {
  new_machine
  add_files build bridge cli test viewer
  rm "$sysroot/usr/bin/bazel-4"
  add_bazel bazel 7.7.1
  local project=$TEST_TMPDIR/project options
  rm -rf "$project"
  mkdir -p "$project/app"
  touch "$project/MODULE.bazel"
  options=$(sed -n "s|%workspace%|$tree|; s/^common //p" "$tree/third_party/debian/modules.bazelrc" | tr '\n' ' ')
  expect_in "--override_module=protobuf=$tree/third_party/debian/modules/protobuf " "$options"
  bazelw_from "$project/app" -- --batch test --jobs=2 test ''
  expect_in "bazel --batch test $options--jobs=2 test  with" "$stdout"
  expect_not_in --bazelrc "$stdout"
  # From a folder of the tree, and from one that belongs to no project, the tree's own file serves.
  touch "$tree/MODULE.bazel"
  bazelw_from "$tree/some/folder" -- info
  expect_in "bazel --bazelrc=$tree/third_party/debian/modules.bazelrc info with" "$stdout"
  bazelw_from / -- info
  expect_in "bazel --bazelrc=$tree/third_party/debian/modules.bazelrc info with" "$stdout"
  # Without modules there is nothing to override.
  rm "$project/MODULE.bazel"
  touch "$project/WORKSPACE"
  bazelw_from "$project" -- info
  expect_in "bazel info with" "$stdout"
}

prefers_the_bazel_of_debian_12() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  add_bazel bazel 7.7.1
  bazelw_from "$tree" -- info
  expect_in "bazel in $tree with" "$stdout"
}

takes_no_bazel_that_is_too_old() {
  new_machine
  add_files build bridge cli test viewer
  add_jvm java-17 17.0.15
  rm "$sysroot/usr/bin/bazel-4"
  add_bazel bazel 4.1.0
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- info
  expect_eq 1 "$status"
  expect_in " bazel-bootstrap" "$stdout"
  expect_in "bazel is version 4.1.0; version 4.2 or later is needed" "$stderr"
  add_bazel bazelisk 7.0.0-pre.1
  bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- info
  expect_in "bazelisk --bazelrc=" "$stdout"
}

installs_on_ubuntu_and_other_debians() {
  local release
  for release in 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble' 'ID=debian\nVERSION_CODENAME=forky' \
    'ID=mine\nID_LIKE="ubuntu debian"'; do
    new_machine
    printf "$release\n" >"$sysroot/etc/os-release"
    bazelw_from "$tree" IPMPSC_NO_INSTALL=1 -- info
    expect_eq 1 "$status"
    expect_in " bazel-bootstrap libabsl-dev" "$stdout"
    expect_not_in openjdk-17 "$stdout"
  done
}

says_so_on_another_system() {
  new_machine
  echo 'ID=other' >"$sysroot/etc/os-release"
  bazelw_from "$tree" -- info
  expect_eq 1 "$status"
  expect_eq 1 "$(wc -l <"$TEST_TMPDIR/stderr")"
  expect_in "neither Debian nor Ubuntu; install Bazel 7" "$stderr"
  expect_eq "" "$(cat "$TEST_TMPDIR/apt.log")"
}

takes_modules_from_the_registry_on_another_system() {
  new_machine
  echo 'ID=other' >"$sysroot/etc/os-release"
  add_bazel bazel 7.7.1
  bazelw_from "$tree" -- info
  expect_in "bazel info with" "$stdout"
  expect_eq "" "$(cat "$TEST_TMPDIR/apt.log")"
}

passes_on_arguments_status_and_folder
prints_the_apt_line_for_what_is_missing
lists_each_package_of_an_empty_machine
installs_for_each_command_what_it_needs
installs_and_runs
installs_although_the_update_failed
stops_when_the_installation_did_not_help
takes_a_jvm_between_11_and_17
wants_clang_where_it_is_asked_for
adds_the_architecture_that_it_builds_for
installs_what_fetches_sources_for_musl
takes_a_bazel_in_the_path
takes_workspace_before_bazel_7
gives_other_projects_the_modules_of_this_tree
prefers_the_bazel_of_debian_12
takes_no_bazel_that_is_too_old
installs_on_ubuntu_and_other_debians
takes_modules_from_the_registry_on_another_system
says_so_on_another_system
[ "$failures" = 0 ]
