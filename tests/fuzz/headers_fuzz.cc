// Reads the headers of a stored message, as a hostile server or another program may write them. The
// input is the four values, each ended by a byte 0; a value that begins with a byte 1 is missing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/engine.h"
#include "bridge/headers.h"
#include "ipmpsc/internal/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ipmpsc::internal::Require;
  std::string values[4];
  size_t value = 0;
  for (size_t i = 0; i < size && value < 4; ++i) {
    if (data[i] == 0) {
      ++value;
    } else {
      values[value].push_back(static_cast<char>(data[i]));
    }
  }
  const auto header = [&](int i) {
    return !values[i].empty() && values[i][0] == 1 ? nullptr : values[i].c_str();
  };
  const std::optional<ipmpsc::bridge::Mark> mark =
      ipmpsc::bridge::ParseMark(header(0), header(1), header(2), header(3));
  if (!mark.has_value()) return 0;
  Require(mark->channel_id == values[0] && values[0].size() == 32, "an id is taken as it is");
  Require(values[1].find_first_not_of("0123456789") == std::string::npos, "a position has digits");
  Require(values[1].substr(std::min(values[1].find_first_not_of('0'), values[1].size() - 1)) ==
              absl::StrCat(mark->position),
          "a position is the number that its digits say");
  const bool printable =
      std::all_of(values[2].begin(), values[2].end(), [](char c) { return c >= ' ' && c <= '~'; });
  Require(!printable || values[2].size() > 256 || mark->source == values[2],
          "a text that a bridge wrote is taken as it is");
  for (const std::string& text : {mark->source, mark->bridge}) {
    Require(text.size() <= 256, "a text is short");
    for (const char c : text) Require(c >= ' ' && c <= '~', "a text can be printed");
  }
  return 0;
}
