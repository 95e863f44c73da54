#include "ipmpsc/wire/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::wire {
namespace {

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

// Returns the length of the multi-byte character at `p`, or 0 if there is none.
size_t CharacterSize(const char* p, size_t left) {
  const uint8_t first = static_cast<uint8_t>(p[0]);
  if (left < 2) return 0;
  const uint8_t second = static_cast<uint8_t>(p[1]);
  if (first < 0xe0) return first >= 0xc2 && IsContinuation(p[1]) ? 2 : 0;
  // The second byte rules out overlong forms, surrogates and values above U+10FFFF.
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  if (second < low || second > high || left < 3 || !IsContinuation(p[2])) return 0;
  if (first < 0xf0) return 3;
  return first <= 0xf4 && left >= 4 && IsContinuation(p[3]) ? 4 : 0;
}

}  // namespace

bool IsUtf8Slow(absl::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    while (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, sizeof(word));
      if ((word & 0x8080808080808080) != 0) break;
      p += 8;
    }
    while (p != end && static_cast<uint8_t>(*p) < 0x80) ++p;
    while (p != end && static_cast<uint8_t>(*p) >= 0x80) {
      const size_t size = CharacterSize(p, static_cast<size_t>(end - p));
      if (ABSL_PREDICT_FALSE(size == 0)) return false;
      p += size;
    }
  }
  return true;
}

}  // namespace ipmpsc::wire
