# Prints the sentences, the commas and the free relatives of Markdown files:
#
#   awk -f tests/docs/prose.awk README.md ...
#
# Counts the prose of paragraphs and list items. Leaves out code, tables, headings, quotations of examples and
# comments. A free relative is a sentence that begins with "Who", "Whoever", "What", "Whatever" or "Whichever" and is
# no question.

function count_sentence(text) {
  gsub(/^[ ("*]+/, "", text)
  if (text !~ /[A-Za-z]/) return
  ++sentences[FILENAME_OF_TEXT]
  commas[FILENAME_OF_TEXT] += gsub(/,/, ",", text)
  if (text ~ /^(Who|Whoever|What|Whatever|Whichever)[ ']/ && text !~ /\?["*]*$/) {
    ++relatives[FILENAME_OF_TEXT]
    print FILENAME_OF_TEXT ": free relative: " text
  }
}

# Splits the paragraph gathered so far into sentences.
function end_paragraph(  text, at) {
  text = paragraph
  paragraph = ""
  gsub(/`[^`]*`/, "Code", text)
  gsub(/"[^"]*"/, "Quotation", text)
  gsub(/\]\([^)]*\)/, "]", text)  # of a link, only its text
  gsub(/[][]/, "", text)
  while (match(text, /[.?!]["*)]* +["*(]*[A-Z]/)) {
    count_sentence(substr(text, 1, RSTART))
    text = substr(text, RSTART + RLENGTH - 1)
  }
  count_sentence(text)
}

FNR == 1 {
  end_paragraph()
  FILENAME_OF_TEXT = FILENAME
  fence = 0
  files[++file_count] = FILENAME
}
/^ *```/ { end_paragraph(); fence = !fence; next }
fence || /^(#|\||<|---)/ { end_paragraph(); next }
/^ *$/ { end_paragraph(); next }
/^ *([*-]|[0-9]+\.) / { end_paragraph(); sub(/^ *([*-]|[0-9]+\.) +/, "") }
{ sub(/^> /, ""); sub(/^ +/, ""); paragraph = paragraph " " $0 }
END {
  end_paragraph()
  for (i = 1; i <= file_count; ++i) {
    name = files[i]
    printf "%s: %d sentences, %.2f commas a sentence, %d free relatives\n", name, sentences[name],
      sentences[name] ? commas[name] / sentences[name] : 0, relatives[name]
  }
}
