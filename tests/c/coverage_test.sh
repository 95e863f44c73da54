#!/bin/bash
# Compares the raw ends of C++ with the interface for C: coverage.txt says for each function, field of options or
# statistics and enumerator of C++ what C has for it. Fails when C++ has one that the table does not name, when the
# table names one that C++ or C does not have, and when C has a function that nothing in the table leads to.
set -euo pipefail

table=tests/c/coverage.txt
work=${TEST_TMPDIR:-$(mktemp -d)}
failed=0

fail() {
  echo "FAILED: $1" >&2
  failed=1
}

# Prints Class::Member for the public members of the classes, structures and enumerations of C++ headers, and the
# names of free functions.
members_of_cpp() {
  awk '
    function name_before(line, mark,   head) {  # the word before the first `mark`
      head = substr(line, 1, index(line, mark) - 1)
      sub(/ +$/, "", head)
      sub(/.*[^A-Za-z0-9_~]/, "", head)
      return head
    }
    { sub(/ *\/\/.*/, "") }
    /^(class|struct|enum class) .*;$/ { next }
    /^(  )?(class|struct|enum class) / {
      line = $0
      is_enum = line ~ /enum class/
      in_private = line ~ /^ *class/
      sub(/ *[:{].*/, "", line)
      sub(/ final$/, "", line)
      sub(/.* /, "", line)
      outer = $0 ~ /^  / ? owner : ""
      indent = $0 ~ /^  / ? "    " : "  "
      owner = line
      next
    }
    /^ public:/ { in_private = 0; next }
    /^ private:/ { in_private = 1; next }
    /^};/ { owner = ""; outer = ""; next }
    /^  };/ && outer != "" { owner = outer; outer = ""; indent = "  "; is_enum = 0; next }
    owner == "" && /^absl::.*\(/ { print name_before($0, "("); next }
    owner == "" || in_private { next }
    substr($0, 1, length(indent)) != indent || substr($0, length(indent) + 1, 1) == " " { next }
    { sub(/ = .*;/, ";") }
    is_enum { sub(/^ */, ""); sub(/[ ,=].*/, ""); if ($0 != "") print owner "::" $0; next }
    /^ *(using|friend|template|explicit|static constexpr)/ || /operator/ || /^ *}/ { next }
    /\(/ {
      name = name_before($0, "(")
      if (name != owner && name != "~" owner) print owner "::" name
      next
    }
    /;/ { sub(/ *(=|\{|;).*/, ""); sub(/.* /, ""); if ($0 != "") print owner "::" $0 }
  ' "$@" | sort -u
}

# Prints the functions, structure.field and enumerators of the C headers.
members_of_c() {
  awk '
    { gsub(/\/\*[^*]*\*\//, "") }
    /^typedef struct .* \{/ { structure = $3; next }
    /^}/ { structure = "" }
    structure != "" && /;/ {
      sub(/;.*/, ""); sub(/\[.*/, ""); sub(/.*[ *]/, "")
      print structure "." $0
    }
    structure == "" && !/^ \*/ && !/^\/\*/ {
      line = $0
      while (match(line, /(ipmpsc_[a-z_]+\(|IPMPSC_[A-Z_]+ = )/)) {
        word = substr(line, RSTART, RLENGTH)
        sub(/(\(| = )$/, "", word)
        print word
        line = substr(line, RSTART + RLENGTH)
      }
    }
  ' "$@" | sort -u
}

members_of_cpp ipmpsc/{channel,fd_passing,options,post_mortem,receiver,record,sender,stats,tap,wait_options,wait_set}.h \
  >"$work/cpp"
members_of_c ipmpsc/c/*.h >"$work/c"
[ "$(wc -l <"$work/cpp")" -ge 200 ] || fail "few members of C++ were read: $(cat "$work/cpp")"

grep -vE '^(#|$)' "$table" | awk '{ print $1 }' | sort >"$work/named"
[ -z "$(uniq -d "$work/named")" ] || fail "$table names these twice: $(uniq -d "$work/named")"
missing=$(comm -23 "$work/cpp" "$work/named")
[ -z "$missing" ] || fail "C++ has these. Add them to ipmpsc/c and to $table:
$missing"
gone=$(comm -13 "$work/cpp" "$work/named")
[ -z "$gone" ] || fail "$table names these, which C++ does not have:
$gone"

# A reason stands behind "-".
grep -vE '^(#|$)' "$table" | awk '$2 != "-" { for (i = 2; i <= NF; ++i) print $i }' | sort -u >"$work/wanted"
absent=$(comm -13 "$work/c" "$work/wanted")
[ -z "$absent" ] || fail "$table names these, which the headers in ipmpsc/c do not have:
$absent"
if awk 'NF < 2 || ($2 == "-" && NF < 4)' <(grep -vE '^(#|$)' "$table") | grep .; then
  fail "these lines of $table lack what C has, or a reason"
fi
unused=$(grep -E '^ipmpsc_[a-z_]+$' "$work/c" | comm -23 - "$work/wanted" |
  grep -vE '_free$|^ipmpsc_(version|status_name|error_text|loan_discard|lease_release|lease_message)$' || true)
[ -z "$unused" ] || fail "nothing in $table leads to these functions of C: $unused"

exit $failed
