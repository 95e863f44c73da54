#include "codegen/literals.h"

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

using google::protobuf::FieldDescriptor;

namespace {

// The smallest numbers have no literals: their digits without the sign are out of range.
std::string SignedLiteral(int64_t value, int64_t smallest, absl::string_view type) {
  return value == smallest ? absl::StrFormat("::std::numeric_limits<%s>::min()", type)
                           : absl::StrCat(value);
}

template <typename T>
std::string FloatLiteral(T value, absl::string_view type) {
  const std::string limits = absl::StrFormat("::std::numeric_limits<%s>", type);
  if (std::isnan(value)) return limits + "::quiet_NaN()";
  if (std::isinf(value)) return absl::StrCat(value < 0 ? "-" : "", limits, "::infinity()");
  std::string digits = absl::StrFormat("%.*g", std::numeric_limits<T>::max_digits10, value);
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  return std::is_same_v<T, float> ? digits + "f" : digits;
}

// Returns bytes[i] as it is written in a string literal. An octal escape ends after three digits or
// before a character that is no octal digit.
std::string Escaped(absl::string_view bytes, size_t i) {
  switch (bytes[i]) {
    case '\n':
      return "\\n";
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '?':
      return "\\?";  // no trigraphs
    default:
      break;
  }
  if (absl::ascii_isprint(bytes[i])) return std::string(1, bytes[i]);
  const bool digit_follows = i + 1 < bytes.size() && absl::ascii_isdigit(bytes[i + 1]);
  const auto byte = static_cast<unsigned char>(bytes[i]);
  return digit_follows ? absl::StrFormat("\\%03o", byte) : absl::StrFormat("\\%o", byte);
}

}  // namespace

std::string DefaultValue(const FieldDescriptor& field, absl::string_view type) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return SignedLiteral(field.default_value_int32(), std::numeric_limits<int32_t>::min(),
                           "int32_t");
    case FieldDescriptor::CPPTYPE_INT64:
      return SignedLiteral(field.default_value_int64(), std::numeric_limits<int64_t>::min(),
                           "int64_t");
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(field.default_value_uint32(),
                          field.default_value_uint32() == 0 ? "" : "u");
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(field.default_value_uint64(),
                          field.default_value_uint64() == 0 ? "" : "u");
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FloatLiteral(field.default_value_double(), "double");
    case FieldDescriptor::CPPTYPE_FLOAT:
      return FloatLiteral(field.default_value_float(), "float");
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrFormat("static_cast<%s>(%s)", type,
                             SignedLiteral(field.default_value_enum()->number(),
                                           std::numeric_limits<int32_t>::min(), "int32_t"));
    case FieldDescriptor::CPPTYPE_STRING: {
      const absl::string_view text = field.default_value_string();
      if (text.empty()) return "";
      return absl::StrFormat("::absl::string_view(%s, %d)",
                             absl::StrJoin(StringLiterals(text, std::string::npos), " "),
                             text.size());
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

std::vector<std::string> StringLiterals(absl::string_view bytes, size_t width) {
  std::vector<std::string> literals;
  std::string line;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const std::string escaped = Escaped(bytes, i);
    if (line.size() + escaped.size() + 2 > width && !line.empty()) {
      literals.push_back(absl::StrCat("\"", line, "\""));
      line.clear();
    }
    line += escaped;
  }
  literals.push_back(absl::StrCat("\"", line, "\""));
  return literals;
}

}  // namespace ipmpsc::codegen
