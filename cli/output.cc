#include "cli/output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ipmpsc/wire/utf8.h"

namespace ipmpsc::cli {
namespace {

// Three digits that matter: "1.25", "12.5", "125".
std::string ThreeDigits(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::string text = absl::StrFormat("%.*f", decimals, value);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

// Returns the size of the character that the bytes begin with, or 0 if it is not printable.
size_t PrintableSize(absl::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80) return absl::ascii_isprint(first) ? 1 : 0;
  for (size_t size = 2; size <= 4 && size <= bytes.size(); ++size) {
    if (!wire::IsUtf8(bytes.substr(0, size))) continue;
    // U+0080 to U+009F are control characters, too. Some terminals obey them.
    const bool is_control = first == 0xc2 && static_cast<unsigned char>(bytes[1]) < 0xa0;
    return is_control ? 0 : size;
  }
  return 0;
}

}  // namespace

void Print(absl::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void PrintJson(const Json& object) {
  Print(object.dump(-1, ' ', false, Json::error_handler_t::replace));
  Print("\n");
  std::fflush(stdout);
}

bool FinishOutput() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

std::string Table::Text(absl::string_view indent) const {
  std::vector<size_t> widths;
  std::vector<std::string> headers;
  bool has_header = false;
  for (const Column& column : columns_) {
    widths.push_back(DisplayWidth(column.header));
    headers.push_back(column.header);
    has_header |= !column.header.empty();
  }
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line(indent);
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string padding(widths[i] - DisplayWidth(row[i]), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", columns_[i].right ? padding : "", row[i],
                      columns_[i].right ? "" : padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  };
  if (has_header) add(headers);
  for (const std::vector<std::string>& row : rows_) add(row);
  return text;
}

std::string Printable(absl::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t size = PrintableSize(bytes);
    if (size == 0) {
      absl::StrAppend(&text, absl::CHexEscape(bytes.substr(0, 1)));
    } else {
      absl::StrAppend(&text, bytes.substr(0, size));
    }
    bytes.remove_prefix(std::max<size_t>(size, 1));
  }
  return text;
}

std::string BytesText(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1023.5 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return absl::StrCat(ThreeDigits(bytes), " ", kUnits[unit]);
}

std::string CountText(uint64_t count) {
  std::string digits = absl::StrCat(count);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string CountText(uint64_t count, absl::string_view one) {
  return absl::StrCat(CountText(count), " ", one, count == 1 ? "" : "s");
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "inf";
  if (duration < absl::ZeroDuration()) return absl::StrCat("-", DurationText(-duration));
  const double seconds = absl::ToDoubleSeconds(duration);
  static constexpr std::pair<double, const char*> kUnits[] = {{86400 * 2, "d"},  {7200, "h"},
                                                              {120, "min"},      {0.9995, "s"},
                                                              {0.9995e-3, "ms"}, {0.9995e-6, "us"}};
  static constexpr double kScales[] = {86400, 3600, 60, 1, 1e-3, 1e-6};
  for (size_t i = 0; i < std::size(kUnits); ++i) {
    if (seconds >= kUnits[i].first) {
      return absl::StrCat(ThreeDigits(seconds / kScales[i]), " ", kUnits[i].second);
    }
  }
  return absl::StrCat(ThreeDigits(seconds * 1e9), " ns");
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", time, absl::UTCTimeZone());
}

size_t DisplayWidth(absl::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (byte & '\xc0') != '\x80'; });
}

}  // namespace ipmpsc::cli
