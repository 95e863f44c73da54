#!/bin/bash
# Builds, tests and runs examples/monorepo, a project that depends on this workspace, with the incompatible
# changes that later Bazels make.
set -u

source "$(dirname "$(readlink -f WORKSPACE)")/tests/testing/own_bazel.sh"
end_unless_workspace "MODULE.bazel stands for WORKSPACE; see module_test.sh"
cd "$here/examples/monorepo" || exit 1

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

# Coverage of a test works, with the stand-in for the tool that Bazel would download.
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
schemas/sensor/_virtual_imports/exposure_proto/vendor/sensor/exposure.ipmpsc.fwd.h
schemas/sensor/_virtual_imports/exposure_proto/vendor/sensor/exposure.ipmpsc.h
schemas/sensor/_virtual_imports/exposure_proto/vendor/sensor/exposure.ipmpsc.views.h
tracking/track.ipmpsc.fwd.h
tracking/track.ipmpsc.h
tracking/track.ipmpsc.views.h
END

finish
