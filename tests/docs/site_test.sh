#!/bin/bash
# site_test.sh HEADER...: the web site builds without a warning and without a dead link, and has what it should.
# The checks notice what they should.
set -u
here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
site=$TEST_TMPDIR/site

# Other versions warn of other things.
version=$(doxygen --version)
if [ "$version" != 1.9.4 ] || [ ! -d /usr/share/doxygen-awesome-css ]; then
  echo "skipped: needs doxygen 1.9.4 and doxygen-awesome-css; this is doxygen '$version'"
  exit 0
fi
build() { /usr/bin/python3 -B "$here/docs/site/build.py" "$@"; }
build "$@" "$site" || fail "the site does not build"

has() { # PAGE TEXT...
  local page=$1 text
  shift
  text=$(sed 's/<[^>]*>//g' "$site/$page") || return
  for expected; do
    grep -qF -- "$expected" <<<"$text" || fail "$page lacks: $expected"
  done
}
has index.html "many senders, one receiver" "Sixty seconds"
grep -qF 'src="pictures/channel.svg"' "$site/index.html" || fail "the start page lacks its picture"
has guide.html "Backpressure"
has operations.html "Runbook" "ipmpsc doctor"
has classipmpsc_1_1Channel.html "Creates the channel at" "kResourceExhausted" "Whether a receiver, or any sender"
has structipmpsc_1_1ChannelOptions.html "Maximum number of senders"
has c_2sender_8h.html "ipmpsc_send_when_empty"
has base_8h.html "Returns the version of the library"
has "$(cd "$site" && echo classin_*FrameView.html)" "bytes pixels = 3"
[ "$(grep -o 'src="performance/[^"]*"' "$site/performance.html" | sort -u | wc -l)" -ge 20 ] ||
  fail "the page on performance lacks its plots"
grep -rqlF CreateTemp "$site/search" || fail "the search does not know CreateTemp"

# No path of the machine that built it.
paths=$(cd "$site" && grep -rnoE -e "$here|[^ ]*/execroot/|$TEST_TMPDIR" . | head -3)
[ -z "$paths" ] || fail "the site has paths of this machine: $paths"

# A dead link, a dead anchor and a missing picture are noticed.
links() { /usr/bin/python3 -B "$here/docs/site/check_links.py" "$1"; }
links "$site" >/dev/null || fail "check_links.py: $(links "$site")"
mkdir "$TEST_TMPDIR/dead"
echo '<a href="gone.html">a</a> <a href="#gone">a</a> <img src="gone.svg"/> <p id="x"><a href="#x">a</a>' \
  >"$TEST_TMPDIR/dead/index.html"
found=$(links "$TEST_TMPDIR/dead") && fail "check_links.py finds no dead link"
[ "$found" = "index.html: dead anchor #gone
index.html: dead link gone.html
index.html: dead link gone.svg" ] || fail "check_links.py finds: $found"

# A folder with other files stays as it is.
mkdir "$TEST_TMPDIR/other"
touch "$TEST_TMPDIR/other/mine"
said=$(build "$TEST_TMPDIR/other" 2>&1) && fail "a folder with other files was taken"
[[ $said == *"is not empty and not a site"* ]] && [ -e "$TEST_TMPDIR/other/mine" ] || fail "build.py says: $said"
said=$(build "$@" 2>&1) && fail "no folder was given, and build.py says: $said"
[[ $said == *"usage: "* ]] || fail "build.py says: $said"

# The filter keeps each line where it is, and makes documentation of comments before and behind declarations only.
cat >"$TEST_TMPDIR/header.h" <<'HEADER'
// About the file.
#ifndef X_H_
#define X_H_
// Does it.
//
//   Call<int>(a);
void Do();
struct S {
  int a;  // in <bytes>
          // and more
  // Returns one, and two.
  int One() const {
    return 1;  // a body's
  }
  int Two() const;
};
#endif  // X_H_
HEADER
filtered=$(cd "$here/docs/site" && IPMPSC_TREE=$here /usr/bin/python3 -B -c '
import filter, sys
sys.stdout.write(filter.convert_header(sys.stdin.read()))' <"$TEST_TMPDIR/header.h")
diff - <(echo "$filtered") <<'EXPECTED' || fail "the filter makes other comments"
/// About the file.
/// @file

/// Does it.
///
///       Call<int>(a);
void Do();
struct S {
  int a;  ///< in \<bytes\>
          ///< and more
  /// Returns one, and two.
  int One() const {
    return 1;  // a body's
  }
/** Returns one, and two. */   int Two() const;
};
EXPECTED
finish
