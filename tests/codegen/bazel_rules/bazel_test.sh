#!/bin/bash
# Checks what Bazel says of this package's cc_ipmpsc_library targets: which headers are generated, which
# attributes arrive, and the errors of the targets in broken/.
set -u

source "$(dirname "$(readlink -f WORKSPACE)")/tests/testing/own_bazel.sh"
end_unless_workspace "its errors have other texts than those of Bazel 4 to 6"
cd "$here" || exit 1
# --symlink_prefix=/ keeps the links of a user's own build.
flags=(--noshow_progress --symlink_prefix=/ --jobs=2)
package=//tests/codegen/bazel_rules

# Each .proto is generated once, although several targets need it.
bazel aquery --noshow_progress --include_aspects "mnemonic('IpmpscGenerate', deps($package:all))" 2>/dev/null |
  sed -n 's/^  Outputs: \[\(.*\)\]$/\1/p' | tr -d ' ' | tr , '\n' | sed 's|^bazel-out/[^/]*/bin/||' |
  sort >"$TEST_TMPDIR/generated"
diff - "$TEST_TMPDIR/generated" <<'END' || fail "the generated headers are others, or some are generated twice"
external/com_google_protobuf/google/protobuf/timestamp.ipmpsc.fwd.h
external/com_google_protobuf/google/protobuf/timestamp.ipmpsc.h
external/com_google_protobuf/google/protobuf/timestamp.ipmpsc.views.h
tests/codegen/bazel_rules/_virtual_imports/generated_proto/tests/codegen/bazel_rules/generated.ipmpsc.fwd.h
tests/codegen/bazel_rules/_virtual_imports/generated_proto/tests/codegen/bazel_rules/generated.ipmpsc.h
tests/codegen/bazel_rules/_virtual_imports/generated_proto/tests/codegen/bazel_rules/generated.ipmpsc.views.h
tests/codegen/bazel_rules/_virtual_imports/moved_proto/far/away/moved.ipmpsc.fwd.h
tests/codegen/bazel_rules/_virtual_imports/moved_proto/far/away/moved.ipmpsc.h
tests/codegen/bazel_rules/_virtual_imports/moved_proto/far/away/moved.ipmpsc.views.h
tests/codegen/bazel_rules/_virtual_imports/prefixed_proto/company/tests/codegen/bazel_rules/prefixed.ipmpsc.fwd.h
tests/codegen/bazel_rules/_virtual_imports/prefixed_proto/company/tests/codegen/bazel_rules/prefixed.ipmpsc.h
tests/codegen/bazel_rules/_virtual_imports/prefixed_proto/company/tests/codegen/bazel_rules/prefixed.ipmpsc.views.h
tests/codegen/bazel_rules/_virtual_imports/stripped_proto/inner/stripped.ipmpsc.fwd.h
tests/codegen/bazel_rules/_virtual_imports/stripped_proto/inner/stripped.ipmpsc.h
tests/codegen/bazel_rules/_virtual_imports/stripped_proto/inner/stripped.ipmpsc.views.h
tests/codegen/bazel_rules/both.ipmpsc.fwd.h
tests/codegen/bazel_rules/both.ipmpsc.h
tests/codegen/bazel_rules/both.ipmpsc.views.h
tests/codegen/bazel_rules/pair_first.ipmpsc.fwd.h
tests/codegen/bazel_rules/pair_first.ipmpsc.h
tests/codegen/bazel_rules/pair_first.ipmpsc.views.h
tests/codegen/bazel_rules/pair_second.ipmpsc.fwd.h
tests/codegen/bazel_rules/pair_second.ipmpsc.h
tests/codegen/bazel_rules/pair_second.ipmpsc.views.h
END

# expect_query EXPRESSION LABEL...: the query returns these targets.
expect_query() {
  local expression=$1 found
  shift
  found=$(bazel query --noshow_progress "$expression" 2>/dev/null | sort | tr '\n' ' ')
  [ "$found" = "${*:+$* }" ] || fail "query '$expression' returns: $found"
}
attributes=("$package:attributes_ipmpsc" "$package:attributes_ipmpsc_messages")
both="${attributes[0]} + ${attributes[1]}"
expect_query "attr(testonly, 1, $both)" "${attributes[@]}"
expect_query "attr(tags, some_tag, $both)" "${attributes[@]}"
expect_query "attr(features, layering, $both)" "${attributes[@]}"
expect_query "visible(//tests/codegen:golden_test, ${attributes[0]})" "${attributes[0]}"
expect_query "visible(//tests/process:soak, ${attributes[0]})"

# Errors name the target and the reason.
broken=$package/broken
bazel build "${flags[@]}" --keep_going \
  $broken:{misaligned_ipmpsc,no_proto_ipmpsc,no_proto_views,two_deps_ipmpsc,two_selected_ipmpsc,sees_private,uses_testonly} \
  >"$TEST_TMPDIR/errors" 2>&1 && fail "broken targets were built"
expect_error() { grep -q -e "$1" "$TEST_TMPDIR/errors" || fail "Bazel does not say: $1"; }
expect_error "^ERROR: .*: Generating ipmpsc headers of $broken:misaligned_proto failed"
expect_error "^--ipmpsc_out: ${broken#//}/misaligned.proto: ipmpsc_test.bazel_rules.Misaligned.pixels: .*alignment 3 is .*power of two"
expect_error "^ERROR: .* $broken:no_proto_ipmpsc_messages: .*'$broken:library' is misplaced here (expected proto_library)"
expect_error "^ERROR: .* $broken:no_proto_views: '$broken:library' does not have mandatory providers: 'ProtoInfo'"
expect_error "^ERROR: .* $broken:two_deps_ipmpsc_messages: 'deps' attribute must contain exactly one label"
expect_error "$broken:two_selected_ipmpsc: deps must be one proto_library, .* not $broken:misaligned_proto, //tests/codegen/protos:frame_proto"
expect_error "^ERROR: .* target '$package:pair_ipmpsc' is not visible from target '$broken:sees_private'"
expect_error "^ERROR: .* non-test target '$broken:uses_testonly' depends on testonly target '$broken:testonly_ipmpsc'"
[ "$failures" = 0 ] || sed 's/^/  /' "$TEST_TMPDIR/errors"

finish
