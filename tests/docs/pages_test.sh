#!/bin/bash
# The documentation agrees with the tree: files are shown as they are, links lead somewhere, the README is short, and
# the prose keeps CONTRIBUTING.md's rules for English.
set -u
here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
cd "$here" || exit 1

mapfile -t pages < <(find . -name '*.md' -not -path './.git/*' -not -path './.github/*' -not -path './bazel-*' \
  -not -path '*/target/*' | sed 's|^\./||' | sort)
[ "${#pages[@]}" -ge 10 ] || fail "only these pages were found: ${pages[*]}"

# block PAGE LINE: prints the block of code after the marker in line LINE. Nothing but empty lines may be between them.
block() {
  awk -v marker="$2" '
    NR <= marker { next }
    /^```/ { if (inside) exit; inside = 1; next }
    inside { print; next }
    /./ { exit }' "$1"
}

# A block after <!-- PATH --> is that file. A block after <!-- part of PATH --> is a part of the file.
shown=0
check_block() { # PAGE LINE MARKER
  local page=$1 line=$2 marker=$3 path text file
  path=${marker#<!-- }
  path=${path% -->}
  text=$(block "$page" "$line")
  [ -n "$text" ] || fail "$page: no code follows $marker in line $line"
  shown=$((shown + 1))
  case $path in
    "part of "*)
      file=$(cat "${path#part of }") || fail "$page shows a file that does not exist: $path"
      [[ $file == *"$text"* ]] || fail "$page shows in line $line what is not in ${path#part of }:
$text"
      ;;
    *)
      diff "$path" <(printf '%s\n' "$text") ||
        fail "$page does not show $path as it is"
      ;;
  esac
}
for page in "${pages[@]}"; do
  while IFS=: read -r line marker; do check_block "$page" "$line" "$marker"; done \
    < <(grep -nE '^<!-- (part of )?[^ ]*[./][^ ]* -->$' "$page")
done
[ "$shown" -ge 8 ] || fail "only $shown files are shown"

# anchors PAGE: prints the anchors of its headings, as GitHub makes them.
anchors() {
  awk '/^```/ { fence = !fence } !fence && /^#+ / { sub(/^#+ /, ""); print tolower($0) }' "$1" |
    sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}
links=0
check_link() { # PAGE LINK
  local page=$1 link=$2 path anchor
  path=${link%%#*}
  anchor=${link#"$path"}
  anchor=${anchor#\#}
  if [ -n "$path" ]; then path=$(dirname "$page")/$path; else path=$page; fi
  links=$((links + 1))
  [ -e "$path" ] || fail "$page links to $link, which does not exist"
  [ -z "$anchor" ] || anchors "$path" | grep -qx -e "$anchor" || fail "$page links to $link, which has no such heading"
}
for page in "${pages[@]}"; do
  while read -r link; do check_link "$page" "$link"; done \
    < <(awk '/^ *```/ { fence = !fence } !fence' "$page" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//' | grep -vE '^https?:')
done
[ "$links" -ge 50 ] || fail "only $links links were found"

[ "$(wc -l <README.md)" -le 150 ] || fail "README.md has $(wc -l <README.md) lines instead of at most 150"

# The pages whose prose is measured: below 0.9 commas a sentence, and no free relatives.
prose=$(awk -f tests/docs/prose.awk README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md docs/*.md examples/monorepo/README.md \
  ipmpsc/DESIGN.md tests/fuzz/README.md tests/model/README.md third_party/debian/modules/README.md)
echo "$prose"
grep -E "free relative: " <<<"$prose" && fail "sentences begin with a free relative"
while read -r page count _ commas _; do
  awk -v commas="$commas" 'BEGIN { exit !(commas < 0.9) }' || fail "$page $count sentences have $commas commas each"
done < <(grep -E ' sentences, ' <<<"$prose")

# The script of CONTRIBUTING.md says how to call it.
for folder in "" README.md; do
  said=$(tests/codegen/installed/compile_all.sh $folder 2>&1)
  [ $? = 2 ] && [[ $said == *"usage: tests/codegen/installed/compile_all.sh FOLDER"* ]] || fail "compile_all.sh $folder says: $said"
done

# The measure notices what it should.
expect_measure() { # TEXT RESULT
  printf '%b' "$1" >"$TEST_TMPDIR/page.md"
  awk -f tests/docs/prose.awk "$TEST_TMPDIR/page.md" | tail -n 1 | grep -qF ": $2" ||
    fail "'$1' is measured as: $(awk -f tests/docs/prose.awk "$TEST_TMPDIR/page.md")"
}
expect_measure 'One, two. `Three` ends,\nhere, now.\n' "2 sentences, 1.50 commas a sentence, 0 free relatives"
expect_measure '* Who reads is told.\n* What now?\n\nWhatever comes. A [link, x](y,z).\n' "4 sentences, 0.25 commas a sentence, 2 free relatives"
expect_measure '# What is it\n```\nWho, what.\n```\n| What | a, b |\n' "0 sentences, 0.00 commas a sentence, 0 free relatives"

finish
