#!/bin/bash
# api_reference_test.sh HEADER...: tests that doxygen makes an API reference of generated headers.
# It has nothing to warn of, it documents each public class and accessor, and shows nothing private.
set -u
out=$TEST_TMPDIR/reference
failed=0
fail() {
  echo "FAILED: $*" >&2
  failed=1
}

mkdir -p "$out"
cat >"$out/Doxyfile" <<DOXYFILE
INPUT = $*
OUTPUT_DIRECTORY = $out
GENERATE_LATEX = NO
GENERATE_HTML = YES
EXTRACT_ALL = YES
HAVE_DOT = NO
HIDE_FRIEND_COMPOUNDS = YES
QUIET = YES
DOXYFILE
doxygen "$out/Doxyfile" 2>"$out/warnings" || fail "doxygen ended with $?"
[ ! -s "$out/warnings" ] || fail "doxygen warns: $(head -5 "$out/warnings")"

expect() { # CLASS TEXT
  sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&#160;/ /g' "$out"/html/class*_1_1"${1/_/__}".html | grep -qF -- "$2" ||
    fail "the reference of $1 lacks: $2"
}
expect FrameView 'The view of message ipmpsc_test.camera.Frame.'
expect FrameView 'uint32 width = 1'
expect FrameView 'repeated Frame.Region faces = 7'
expect FrameWriter 'optional string comment = 8'
expect Frame_RegionWriter 'from the left, in pixels'
expect FrameSender 'Sends message ipmpsc_test.camera.Frame.'
expect FrameReceiver 'Receives message ipmpsc_test.camera.Frame.'
grep -qF FrameTap "$out"/html/namespace*_2fframe__2eproto.html || fail "the reference lacks FrameTap"
for hidden in kTable_ wire_ width_ ViewAccess; do
  ! grep -qF "$hidden" "$out"/html/class*_1_1FrameView.html || fail "the reference of FrameView shows $hidden"
done
exit "$failed"
