#include "codegen/literals.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::codegen {

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

std::string Literal(int32_t value) {
  return SignedLiteral(value, std::numeric_limits<int32_t>::min(), "int32_t");
}
std::string Literal(int64_t value) {
  return SignedLiteral(value, std::numeric_limits<int64_t>::min(), "int64_t");
}
std::string Literal(uint32_t value) { return absl::StrCat(value, value == 0 ? "" : "u"); }
std::string Literal(uint64_t value) { return absl::StrCat(value, value == 0 ? "" : "u"); }
std::string Literal(float value) { return FloatLiteral(value, "float"); }
std::string Literal(double value) { return FloatLiteral(value, "double"); }

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
