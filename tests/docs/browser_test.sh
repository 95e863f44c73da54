#!/bin/bash
# browser_test.sh HEADER...: each page of the web site in Chromium, at two widths, in light and in dark.
set -u
here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
if ! command -v chromedriver >/dev/null || ! command -v chromium >/dev/null; then
  fail "no Chromium: install the packages chromium and chromium-driver, or run this test by ./bazelw"
  finish
fi
site=$TEST_TMPDIR/site
browse() { /usr/bin/python3 -B "$here/docs/site/browse.py" "$@"; }
/usr/bin/python3 -B "$here/docs/site/build.py" "$@" "$site" || fail "the site does not build"

# A page with an error, a picture that is missing and a line that is too long is noticed.
mkdir "$TEST_TMPDIR/bad"
cat >"$TEST_TMPDIR/bad/index.html" <<'HTML'
<!DOCTYPE html><html><head><title>bad</title><link rel="icon" href="data:,"></head><body style="background: white">
<div class="contents"><div style="width: 3000px">some text of a page</div><img src="gone.png" width="10" height="10"></div>
<script>throw new Error("oops");</script></body></html>
HTML
found=$(browse "$TEST_TMPDIR/bad") && fail "browse.py finds nothing wrong"
for expected in "(phone, light): is 3" "gone.png is not shown" "oops" "(desk, dark): has the background" "no search box"; do
  grep -qF -- "$expected" <<<"$found" || fail "browse.py does not find '$expected': $found"
done

browse "$site" --shots "${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}/shots" || fail "pages are wrong"
finish
