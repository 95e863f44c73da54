#!/bin/bash
# Builds, tests and runs examples/monorepo, a project that depends on this workspace, with the incompatible
# changes that later Bazels make.
set -u

here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
version=$("$here/bazelw" --version 2>/dev/null)
case $version in
  "bazel "[7-9].* | "bazel "[1-9][0-9].*)
    echo "not run: with $version, MODULE.bazel stands for WORKSPACE; see module_test.sh"
    exit 0
    ;;
esac
output_root=$TEST_TMPDIR/bazel
cd "$here/examples/monorepo" || exit 1

# --max_idle_secs: no server stays behind, not even when this test is killed.
bazel() { "$here/bazelw" --output_user_root="$output_root" --max_idle_secs=60 "$@"; }
# Bazel could not delete its outputs with the rest of the folder, as some of them are read-only.
trap 'bazel shutdown; chmod -R u+w "$output_root"; rm -rf "$output_root"' EXIT

# All changes but the one that needs upstream's rules_cc, which Debian's Bazel cannot load; see
# third_party/rules_cc.
changes=(--all_incompatible_changes --noincompatible_load_cc_rules_from_bzl)
# --symlink_prefix=/ keeps the links of a user's own build.
flags=("${changes[@]}" --noshow_progress --symlink_prefix=/ --jobs=2)

# Indented, so that its summary is not taken for that of the outer Bazel.
bazel test "${flags[@]}" //... 2>&1 | sed 's/^/  /'
[ "${PIPESTATUS[0]}" = 0 ] || fail "//... does not build and pass"

# expect_tracks FIRST: a track goes from send_track to show_tracks, whichever of them starts first, and both
# leave nothing behind.
expect_tracks() {
  local receiver
  [ "$1" != send ] || "$bin/app/send_track" ball || fail "send_track failed when it started first"
  "$bin/app/show_tracks" >"$TEST_TMPDIR/tracks" &
  receiver=$!
  if [ "$1" = show ]; then
    wait_until test -e "$IPMPSC_DIR/tracking.tracks"
    "$bin/app/send_track" ball || fail "send_track failed"
  fi
  wait $receiver || fail "show_tracks failed"
  [ "$(cat "$TEST_TMPDIR/tracks")" = "$shown" ] || fail "show_tracks shows: $(cat "$TEST_TMPDIR/tracks")"
  [ -z "$(ls "$IPMPSC_DIR")" ] || fail "left behind: $(ls "$IPMPSC_DIR")"
}

# The programs run as the project's README says.
bin=$(bazel info "${flags[@]}" bazel-bin 2>/dev/null)
export IPMPSC_DIR=$TEST_TMPDIR/channels
mkdir "$IPMPSC_DIR"
shown=$(sed -n 's/^The first prints `\(.*\)`.*/\1/p' README.md)
[ -n "$shown" ] || fail "README.md does not say what show_tracks prints"
for first in show send; do expect_tracks $first; done

# What a test covers can be told, with the stand-in for what Bazel would download.
bazel coverage "${flags[@]}" --combined_report=lcov --instrument_test_targets //app:app_test 2>&1 | sed 's/^/  /'
[ "${PIPESTATUS[0]}" = 0 ] || fail "bazel coverage fails"
for report in "$(bazel info "${changes[@]}" bazel-testlogs 2>/dev/null)/app/app_test/coverage.dat" \
  "$(bazel info "${changes[@]}" output_path 2>/dev/null)/_coverage/_coverage_report.dat"; do
  grep -q '^SF:app/app_test.cc$' "$report" || fail "$report does not know the test"
  grep -q '^DA:[0-9]*,[1-9]' "$report" || fail "$report knows of nothing that ran"
done

# However many targets ask for it, each .proto is generated once: those of this workspace, and those
# of others that they import.
bazel aquery "${changes[@]}" --noshow_progress --include_aspects \
  'mnemonic("IpmpscGenerate", deps(//...))' 2>/dev/null |
  sed -n 's/^  Outputs: \[\(.*\)\]$/\1/p' | tr -d ' ' | tr , '\n' | sed 's|^bazel-out/[^/]*/bin/||' |
  sort >"$TEST_TMPDIR/generated"
diff - "$TEST_TMPDIR/generated" <<'END' || fail "other headers are generated, or some not once"
camera/frame.ipmpsc.fwd.h
camera/frame.ipmpsc.h
camera/frame.ipmpsc.views.h
external/com_google_protobuf/google/protobuf/descriptor.ipmpsc.fwd.h
external/com_google_protobuf/google/protobuf/descriptor.ipmpsc.h
external/com_google_protobuf/google/protobuf/descriptor.ipmpsc.views.h
external/com_google_protobuf/google/protobuf/timestamp.ipmpsc.fwd.h
external/com_google_protobuf/google/protobuf/timestamp.ipmpsc.h
external/com_google_protobuf/google/protobuf/timestamp.ipmpsc.views.h
external/ipmpsc/proto/ipmpsc/_virtual_imports/channel_proto/ipmpsc/channel.ipmpsc.fwd.h
external/ipmpsc/proto/ipmpsc/_virtual_imports/channel_proto/ipmpsc/channel.ipmpsc.h
external/ipmpsc/proto/ipmpsc/_virtual_imports/channel_proto/ipmpsc/channel.ipmpsc.views.h
external/weather/forecast/forecast.ipmpsc.fwd.h
external/weather/forecast/forecast.ipmpsc.h
external/weather/forecast/forecast.ipmpsc.views.h
geometry/point.ipmpsc.fwd.h
geometry/point.ipmpsc.h
geometry/point.ipmpsc.views.h
rules/_virtual_imports/generated_proto/rules/generated.ipmpsc.fwd.h
rules/_virtual_imports/generated_proto/rules/generated.ipmpsc.h
rules/_virtual_imports/generated_proto/rules/generated.ipmpsc.views.h
rules/_virtual_imports/moved_proto/far/away/moved.ipmpsc.fwd.h
rules/_virtual_imports/moved_proto/far/away/moved.ipmpsc.h
rules/_virtual_imports/moved_proto/far/away/moved.ipmpsc.views.h
rules/_virtual_imports/prefixed_proto/company/rules/prefixed.ipmpsc.fwd.h
rules/_virtual_imports/prefixed_proto/company/rules/prefixed.ipmpsc.h
rules/_virtual_imports/prefixed_proto/company/rules/prefixed.ipmpsc.views.h
rules/_virtual_imports/stripped_proto/inner/stripped.ipmpsc.fwd.h
rules/_virtual_imports/stripped_proto/inner/stripped.ipmpsc.h
rules/_virtual_imports/stripped_proto/inner/stripped.ipmpsc.views.h
rules/both.ipmpsc.fwd.h
rules/both.ipmpsc.h
rules/both.ipmpsc.views.h
rules/pair_first.ipmpsc.fwd.h
rules/pair_first.ipmpsc.h
rules/pair_first.ipmpsc.views.h
rules/pair_second.ipmpsc.fwd.h
rules/pair_second.ipmpsc.h
rules/pair_second.ipmpsc.views.h
schemas/sensor/_virtual_imports/exposure_proto/vendor/sensor/exposure.ipmpsc.fwd.h
schemas/sensor/_virtual_imports/exposure_proto/vendor/sensor/exposure.ipmpsc.h
schemas/sensor/_virtual_imports/exposure_proto/vendor/sensor/exposure.ipmpsc.views.h
tracking/track.ipmpsc.fwd.h
tracking/track.ipmpsc.h
tracking/track.ipmpsc.views.h
END

# expect_query EXPRESSION LABEL...: the query returns these targets.
expect_query() {
  local expression=$1 found
  shift
  found=$(bazel query --noshow_progress "$expression" 2>/dev/null | sort | tr '\n' ' ')
  [ "$found" = "${*:+$* }" ] || fail "query '$expression' has: $found"
}
both="//rules:attributes_ipmpsc + //rules:attributes_ipmpsc_messages"
expect_query "attr(testonly, 1, $both)" //rules:attributes_ipmpsc //rules:attributes_ipmpsc_messages
expect_query "attr(tags, some_tag, $both)" //rules:attributes_ipmpsc //rules:attributes_ipmpsc_messages
expect_query "attr(features, layering, $both)" //rules:attributes_ipmpsc //rules:attributes_ipmpsc_messages
expect_query "visible(//app:app_test, //rules:attributes_ipmpsc)" //rules:attributes_ipmpsc
expect_query "visible(//camera:frame_ipmpsc, //rules:attributes_ipmpsc)"

# Errors name the target and the reason.
bazel build "${flags[@]}" --keep_going \
  //rules/broken:{misaligned_ipmpsc,no_proto_ipmpsc,no_proto_views,two_deps_ipmpsc,two_selected_ipmpsc,sees_private,uses_testonly} \
  >"$TEST_TMPDIR/errors" 2>&1 && fail "broken targets were built"
expect_error() { grep -q -e "$1" "$TEST_TMPDIR/errors" || fail "Bazel does not say: $1"; }
expect_error '^ERROR: .*: Generating ipmpsc headers of //rules/broken:misaligned_proto failed'
expect_error '^--ipmpsc_out: rules/broken/misaligned.proto: rules.Misaligned.pixels: .*alignment 3 is not a power of two'
expect_error "^ERROR: .* //rules/broken:no_proto_ipmpsc_messages: .*'//rules/broken:library' is misplaced here (expected proto_library)"
expect_error "^ERROR: .* //rules/broken:no_proto_views: '//rules/broken:library' does not have mandatory providers: 'ProtoInfo'"
expect_error "^ERROR: .* //rules/broken:two_deps_ipmpsc_messages: 'deps' attribute must contain exactly one label"
expect_error "//rules/broken:two_selected_ipmpsc: deps must be one proto_library, .* not //rules/broken:misaligned_proto, //geometry:point_proto"
expect_error "^ERROR: .* target '//rules:pair_ipmpsc' is not visible from target '//rules/broken:sees_private'"
expect_error "^ERROR: .* non-test target '//rules/broken:uses_testonly' depends on testonly target '//rules/broken:testonly_ipmpsc'"
[ "$failures" = 0 ] || sed 's/^/  /' "$TEST_TMPDIR/errors"

finish
