// Writing the smallest pieces of protobuf's wire format. The caller has made sure of the space.
#ifndef IPMPSC_WIRE_ENCODING_H_
#define IPMPSC_WIRE_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/base/attributes.h"
#include "absl/numeric/bits.h"
#include "ipmpsc/wire/types.h"

namespace ipmpsc::wire {

// The longest message, or piece of one, that protobuf reads.
inline constexpr size_t kMaxSize = std::numeric_limits<int32_t>::max() - 16;

// The maximum width of a length up to `kMaxSize`.
inline constexpr size_t kMaxLengthWidth = 5;

inline constexpr size_t kMaxTagWidth = 5;
inline constexpr size_t kMaxVarintWidth = 10;

constexpr uint32_t Tag(uint32_t number, WireType type) { return number << 3 | type; }

// Returns the bytes of the varint: 1 to 10.
inline size_t VarintSize(uint64_t value) {
  // (width + 6) / 7 without a division.
  return (static_cast<size_t>(absl::bit_width(value | 1)) * 9 + 64) / 64;
}

// Varints below this limit have at most two bytes.
inline constexpr uint64_t kTwoByteLimit = 0x4000;

// Returns the bytes of a varint below `kTwoByteLimit`, the first one in the low bits. Without a
// branch.
constexpr uint32_t ShortVarint(uint32_t value) {
  return value < 0x80 ? value : (value & 0x7f) | 0x80 | (value & 0x3f80) << 1;
}
constexpr size_t ShortVarintSize(uint32_t value) { return value < 0x80 ? 1 : 2; }

// Each of these functions returns the position after the bytes that it wrote.
inline char* EncodeVarint(uint64_t value, char* p) {
  for (; value >= 0x80; value >>= 7) *p++ = static_cast<char>(value | 0x80);
  *p++ = static_cast<char>(value);
  return p;
}

// Has no branch for each byte. REQUIRES: there is space for `kMaxVarintWidth` bytes; zeros may be
// written after the returned position.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline char* EncodeVarintAhead(uint64_t value, char* p) {
  if (value < kTwoByteLimit) {
    const uint32_t small = static_cast<uint32_t>(value);
    const uint16_t word = static_cast<uint16_t>(ShortVarint(small));
    std::memcpy(p, &word, sizeof(word));
    return p + ShortVarintSize(small);
  }
  if (value < 0x10000000) {
    const uint32_t small = static_cast<uint32_t>(value);
    const uint32_t pairs = (small & 0x3fff) | (small & 0xfffc000) << 2;
    const bool is_four = small >= 0x200000;
    const uint32_t word = (pairs & 0x7f007f) | (pairs & 0x3f803f80) << 1;
    const uint32_t coded = word | (is_four ? 0x808080 : 0x8080);
    std::memcpy(p, &coded, sizeof(coded));
    return p + 3 + (is_four ? 1 : 0);
  }
  constexpr uint64_t kHighBits = 0x8080808080808080;
  // Spreads seven bits to each byte, by pairs.
  uint64_t word = (value & 0x0fffffff) | (value & 0x00fffffff0000000) << 4;
  word = (word & 0x00003fff00003fff) | (word & 0x0fffc0000fffc000) << 2;
  word = (word & 0x007f007f007f007f) | (word & 0x3f803f803f803f80) << 1;
  const size_t width = VarintSize(value);
  if (width <= 8) {
    word |= kHighBits & ((uint64_t{1} << (8 * (width - 1))) - 1);
    std::memcpy(p, &word, sizeof(word));
    return p + width;
  }
  word |= kHighBits;
  std::memcpy(p, &word, sizeof(word));
  p[8] = static_cast<char>((value >> 56 & 0x7f) | (width == 10 ? 0x80 : 0));
  p[9] = static_cast<char>(value >> 63);
  return p + width;
}

// Encodes in `width` bytes, which may be more than necessary: every parser accepts them.
// REQUIRES: VarintSize(value) <= width
inline char* EncodePaddedVarint(uint64_t value, size_t width, char* p) {
  for (; width > 1; --width, value >>= 7) *p++ = static_cast<char>(value | 0x80);
  *p++ = static_cast<char>(value);
  return p;
}

// Stores a word at any address. The type of the store is not `char`, so the compiler knows that no
// member of a writer changes by it. It then keeps them in registers from one setter to the next.
template <typename T>
void StoreWord(T value, char* p) {
  struct __attribute__((packed)) Word {
    T value;
  };
  reinterpret_cast<Word*>(p)->value = value;
}

// A type of one byte that is no `char`, for `StoreWord`.
enum class Byte : uint8_t {};

template <typename T>
char* EncodeFixed(T value, char* p) {
  std::memcpy(p, &value, sizeof(T));
  return p + sizeof(T);
}

// Returns the fewest bytes for the length of a body that fills the rest of `space` bytes, or less.
// REQUIRES: 0 < space <= kMaxSize
inline size_t LengthWidth(size_t space) {
  size_t width = 1;
  while ((space - width) >> (7 * width) != 0) ++width;
  return width;
}

// A negative int32 takes ten bytes, like an int64 of the same value.
inline uint64_t SignExtend(int32_t value) { return static_cast<uint64_t>(int64_t{value}); }

inline uint32_t ZigZagEncode32(int32_t n) {
  return static_cast<uint32_t>(n) << 1 ^ static_cast<uint32_t>(n >> 31);
}
inline uint64_t ZigZagEncode64(int64_t n) {
  return static_cast<uint64_t>(n) << 1 ^ static_cast<uint64_t>(n >> 63);
}

}  // namespace ipmpsc::wire

#endif  // IPMPSC_WIRE_ENCODING_H_
