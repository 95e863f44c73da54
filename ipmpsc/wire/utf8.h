// Is it UTF-8?
#ifndef IPMPSC_WIRE_UTF8_H_
#define IPMPSC_WIRE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::wire {

// For text that is not all ASCII.
bool IsUtf8Slow(absl::string_view text);

// Whether no byte has its high bit set. Reads words, of which the last two may overlap.
inline bool IsAscii(absl::string_view text) {
  const auto load = [](const char* p, auto word) {
    std::memcpy(&word, p, sizeof(word));
    return uint64_t{word};
  };
  constexpr uint64_t kHighBits = 0x8080808080808080;
  const char* p = text.data();
  size_t left = text.size();
  if (left < 8) {
    if (left >= 4) return ((load(p, uint32_t{}) | load(p + left - 4, uint32_t{})) & kHighBits) == 0;
    if (left == 0) return true;
    return ((load(p, uint8_t{}) | load(p + left / 2, uint8_t{}) | load(p + left - 1, uint8_t{})) &
            kHighBits) == 0;
  }
  uint64_t bits = load(p + left - 8, uint64_t{});
  for (; left > 8; left -= 8, p += 8) bits |= load(p, uint64_t{});
  return (bits & kHighBits) == 0;
}

// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7): no surrogates, no overlong forms,
// nothing above U+10FFFF.
inline bool IsUtf8(absl::string_view text) {
  return ABSL_PREDICT_TRUE(IsAscii(text)) || IsUtf8Slow(text);
}

}  // namespace ipmpsc::wire

#endif  // IPMPSC_WIRE_UTF8_H_
