#include "codegen/layout.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace ipmpsc::codegen {
namespace {

// A line of a function with more statements than this is split.
constexpr size_t kMaxStatements = 2;

size_t Indentation(absl::string_view line) {
  const size_t indentation = line.find_first_not_of(' ');
  return indentation == absl::string_view::npos ? line.size() : indentation;
}

// Returns, for each character, how many brackets are open before it, or -1 within a literal.
std::vector<int> Depths(absl::string_view line) {
  std::vector<int> depths;
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && (c == ')' || c == ']' || c == '}' || c == '>')) --depth;
    depths.push_back(quote != 0 ? -1 : depth);
    if (quote == 0 && (c == '(' || c == '[' || c == '{' || c == '<')) ++depth;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0 && c == '\\') {
      if (++i < line.size()) depths.push_back(-1);
    } else if (c == quote) {
      quote = 0;
    }
  }
  return depths;
}

// The parts of `head { one; two; }`.
struct Function {
  absl::string_view head;
  std::vector<absl::string_view> statements;
};

bool SplitFunction(absl::string_view line, Function* function) {
  if (!absl::EndsWith(line, "; }")) return false;
  const std::vector<int> depths = Depths(line);
  size_t begin = 0;
  while (begin < line.size() && !(line[begin] == '{' && depths[begin] == 0)) ++begin;
  if (begin == line.size()) return false;
  function->head = line.substr(0, begin + 1);
  size_t statement = begin + 2;
  for (size_t i = statement; i < line.size(); ++i) {
    if (line[i] != ';' || depths[i] != 1) continue;
    function->statements.push_back(line.substr(statement, i + 1 - statement));
    statement = i + 2;
  }
  return true;
}

// Returns how bad it is to break the line before character `i`, or -1 if that is impossible. Outer
// brackets are better than inner ones, and everything is better than within a qualified name.
int Badness(absl::string_view line, const std::vector<int>& depths, size_t i) {
  constexpr int kLevel = 4;
  constexpr int kQualifiedName = 1000;
  if (depths[i] < 0 || (depths[i - 1] < 0 && line[i] != ' ')) return -1;
  const int level = depths[i] * kLevel;
  const absl::string_view before = line.substr(0, i);
  const absl::string_view after = line.substr(i);
  if (line[i - 1] == ' ') {
    if (absl::EndsWith(before, ", ") || absl::EndsWith(before, "; ")) return level;
    if (absl::StartsWith(after, ": ") || absl::StartsWith(after, "? ")) return level;
    if (absl::StartsWith(after, "{") || absl::StartsWith(after, "}")) return -1;
    if (absl::EndsWith(before, ": ") || absl::EndsWith(before, "? ")) return -1;
    if (absl::EndsWith(before, "public ") || absl::EndsWith(before, "return ")) return -1;
    return absl::EndsWith(before, "= ") ? level + 1 : level + 2;
  }
  if (absl::EndsWith(before, ")") && absl::StartsWith(after, ".")) return level + 1;
  if (absl::EndsWith(before, "(") && !absl::StartsWith(after, ")")) return level + 2;
  if (absl::EndsWith(before, "<")) return level + 2;
  if (absl::EndsWith(before, "::")) return kQualifiedName + level;
  return -1;
}

// Returns where to end a line that begins at `begin` and may have `columns` columns: at the best
// break that fits, or else at the first one. Returns the size of `code` if there is none.
size_t FindBreak(absl::string_view code, const std::vector<int>& depths, size_t begin,
                 size_t columns) {
  size_t best = code.size();
  int least = 0;
  for (size_t i = begin + 1; i < code.size(); ++i) {
    const bool fits = i - begin <= columns + (code[i - 1] == ' ' ? 1 : 0);
    if (!fits && best != code.size()) break;
    const int badness = Badness(code, depths, i);
    if (badness < 0 || (best != code.size() && badness > least)) continue;
    best = i;
    least = badness;
  }
  return best;
}

// Appends `code` as several lines. All but the first are indented more, and inner brackets even
// more.
void Break(absl::string_view code, size_t indentation, std::string* out) {
  const std::vector<int> depths = Depths(code);
  size_t begin = 0;
  while (begin < code.size()) {
    const size_t columns = kColumns - std::min(indentation, kColumns);
    const size_t end =
        code.size() - begin <= columns ? code.size() : FindBreak(code, depths, begin, columns);
    const absl::string_view line = code.substr(begin, end - begin);
    absl::StrAppend(out, std::string(indentation, ' '), absl::StripTrailingAsciiWhitespace(line),
                    "\n");
    const bool is_inner = end < code.size() && depths[end] > depths[begin];
    if (begin == 0 || is_inner) indentation += 4;
    begin = end;
  }
}

bool HasComment(absl::string_view code) {
  if (!absl::StrContains(code, "//")) return false;
  const std::vector<int> depths = Depths(code);
  for (size_t i = 0; i + 1 < code.size(); ++i) {
    if (code.substr(i, 2) == "//" && depths[i] >= 0) return true;
  }
  return false;
}

void LayOutLine(absl::string_view line, std::string* out) {
  const size_t indentation = Indentation(line);
  const absl::string_view code = line.substr(indentation);
  const bool is_code = !absl::StartsWith(code, "#") && !HasComment(code);
  Function function;
  if (is_code && SplitFunction(code, &function) &&
      (line.size() > kColumns || function.statements.size() > kMaxStatements)) {
    const std::string margin(indentation, ' ');
    LayOutLine(absl::StrCat(margin, function.head), out);
    for (const absl::string_view statement : function.statements) {
      LayOutLine(absl::StrCat(margin, "  ", statement), out);
    }
    absl::StrAppend(out, margin, "}\n");
  } else if (is_code && line.size() > kColumns) {
    Break(code, indentation, out);
  } else {
    absl::StrAppend(out, line, "\n");
  }
}

using Lines = std::vector<absl::string_view>;

// Returns the line after the function that begins at lines[begin], or `begin` if none does that has
// only statements.
size_t EndOfFunction(const Lines& lines, size_t begin) {
  const absl::string_view head = lines[begin];
  const size_t indentation = Indentation(head);
  if (!absl::EndsWith(head, ") {") && !absl::EndsWith(head, ") const {")) return begin;
  if (HasComment(head)) return begin;
  for (size_t i = begin + 1; i < lines.size(); ++i) {
    if (Indentation(lines[i]) == indentation && lines[i].substr(indentation) == "}") return i + 1;
    const bool is_statement = Indentation(lines[i]) == indentation + 2 &&
                              absl::EndsWith(lines[i], ";") && !HasComment(lines[i]);
    if (!is_statement) return begin;
  }
  return begin;
}

}  // namespace

std::string Layout(absl::string_view code) {
  std::string out;
  const Lines lines = absl::StrSplit(absl::StripSuffix(code, "\n"), '\n');
  for (size_t i = 0; i < lines.size();) {
    const size_t end = EndOfFunction(lines, i);
    if (end == i) {
      LayOutLine(lines[i++], &out);
      continue;
    }
    std::string function(lines[i++]);
    for (; i < end; ++i) absl::StrAppend(&function, " ", absl::StripAsciiWhitespace(lines[i]));
    LayOutLine(function, &out);
  }
  return out;
}

}  // namespace ipmpsc::codegen
