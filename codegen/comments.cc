#include "codegen/comments.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "codegen/layout.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::io::Printer;

namespace {

// Returns the size of the UTF-8 character at the beginning of `text`, or 0 if there is none, and
// sets `code` to its code point.
size_t DecodeCharacter(absl::string_view text, uint32_t* code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t first = byte(0);
  const size_t size = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (size == 0 || first >= 0xf8 || text.size() < size) return 0;
  *code = size == 1 ? first : first & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    *code = *code << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = *code >= 0xd800 && *code <= 0xdfff;
  return *code < kSmallest[size] || *code > 0x10ffff || is_surrogate ? 0 : size;
}

// Returns whether the character changes the direction of text. Compilers warn of these, since code
// may look different from what it is.
bool IsBidirectional(uint32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

// Returns the line without characters that a compiler rejects or warns of.
std::string Sanitized(absl::string_view line) {
  std::string result;
  while (!line.empty()) {
    uint32_t code = 0;
    const size_t size = DecodeCharacter(line, &code);
    if (size == 0) {
      result += '?';
    } else if (code == '\t') {
      result += "    ";
    } else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
      result += ' ';
    } else if (IsBidirectional(code)) {
      absl::StrAppendFormat(&result, "<U+%04X>", code);
    } else {
      absl::StrAppend(&result, line.substr(0, size));
    }
    line.remove_prefix(std::max(size, size_t{1}));
  }
  return result;
}

size_t Columns(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Returns what has to follow the line. A backslash at its end, also as a trigraph, would continue
// the comment.
absl::string_view Terminator(absl::string_view line) {
  return absl::EndsWith(line, "\\") || absl::EndsWith(line, "?\?/") ? " //" : "";
}

// Appends a line as several if it is too long. They have its indentation.
void AppendWrapped(absl::string_view line, size_t columns, std::vector<std::string>* lines) {
  const auto fits = [&](absl::string_view text) {
    return Columns(text) + Terminator(text).size() <= columns;
  };
  const auto append = [&](absl::string_view text) {
    lines->push_back(absl::StrCat(text, Terminator(text)));
  };
  line = absl::StripTrailingAsciiWhitespace(line);
  if (fits(line)) return append(line);
  const std::string margin(std::min(line.find_first_not_of(' '), columns / 2), ' ');
  std::string part = margin;
  for (const absl::string_view word : absl::StrSplit(line, ' ', absl::SkipEmpty())) {
    const std::string longer = absl::StrCat(part, part == margin ? "" : " ", word);
    if (part == margin || fits(longer)) {
      part = longer;
    } else {
      append(part);
      part = absl::StrCat(margin, word);
    }
  }
  append(part);
}

std::string TypeName(const FieldDescriptor& field) {
  if (field.type() == FieldDescriptor::TYPE_GROUP) return "group";
  absl::string_view name = field.type_name();
  if (field.message_type() != nullptr) name = field.message_type()->full_name();
  if (field.enum_type() != nullptr) name = field.enum_type()->full_name();
  const std::string package = absl::StrCat(field.file()->package(), ".");
  absl::ConsumePrefix(&name, package);
  return std::string(name);
}

absl::string_view Label(const FieldDescriptor& field) {
  if (field.is_repeated()) return "repeated ";
  if (field.is_required()) return "required ";
  FieldDescriptorProto proto;
  field.CopyTo(&proto);
  const bool is_optional = proto.proto3_optional() || (SyntaxName(*field.file()) == "proto2" &&
                                                       field.real_containing_oneof() == nullptr);
  return is_optional ? "optional " : "";
}

}  // namespace

std::vector<std::string> CommentLines(absl::string_view comment, size_t columns) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(comment, absl::ByAnyChar("\r\n"))) {
    absl::ConsumePrefix(&line, " ");
    const std::string text = Sanitized(line);
    const bool is_empty = absl::StripAsciiWhitespace(text).empty();
    if (!is_empty) {
      AppendWrapped(text, columns, &lines);
    } else if (!lines.empty() && !lines.back().empty()) {
      lines.push_back("");
    }
  }
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

void PrintDocumentation(absl::string_view text, size_t indentation, Printer* printer) {
  constexpr size_t kMarkColumns = 4;
  for (const std::string& line : CommentLines(text, kColumns - indentation - kMarkColumns)) {
    printer->Print("///$space$$line$\n", "space", line.empty() ? "" : " ", "line", line);
  }
}

std::string DeclarationOf(const FieldDescriptor& field) {
  if (field.is_map()) {
    const google::protobuf::Descriptor& entry = *field.message_type();
    return absl::StrFormat("map<%s, %s> %s = %d", TypeName(*entry.map_key()),
                           TypeName(*entry.map_value()), field.name(), field.number());
  }
  const absl::string_view name =
      field.type() == FieldDescriptor::TYPE_GROUP ? field.message_type()->name() : field.name();
  return absl::StrFormat("%s%s %s = %d", Label(field), TypeName(field), name, field.number());
}

}  // namespace ipmpsc::codegen
