#include "ipmpsc/wire/decoding.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/base/optimization.h"

namespace ipmpsc::wire {
namespace {

// protobuf's limit: 16 bytes below the largest int.
constexpr size_t kMaxSize = std::numeric_limits<int32_t>::max() - 16;

template <int kMaxBytes>
LongVarint ReadBytesOfVarint(const char* p, const char* end) {
  uint64_t result = 0;
  for (int i = 0; i < kMaxBytes && p != end; ++i) {
    const uint64_t byte = LoadByte(p++);
    result |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return {p, result};
  }
  return {nullptr, 0};
}

}  // namespace

// Reads eight bytes at a time, if that many are left: no branch depends on the length.
LongVarint ReadLongVarint(const char* p, const char* end) {
  if (end - p < 10) return ReadBytesOfVarint<10>(p, end);
  return ReadLongVarintAhead(p);
}

LongVarint ReadLongVarintAhead(const char* p) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  const uint64_t word = LoadWord(p);
  const uint64_t last = ~word & kHighBits;  // the high bits of the bytes that may end it
  if (ABSL_PREDICT_TRUE(last != 0)) {
    return {p + __builtin_ctzll(last) / 8 + 1,
            PackSevenBitGroups(word & (last ^ (last - 1)) & ~kHighBits)};
  }
  const uint64_t low = PackSevenBitGroups(word & ~kHighBits);
  const uint64_t ninth = LoadByte(p + 8);
  if (ninth < 0x80) return {p + 9, low | ninth << 56};
  const uint64_t tenth = LoadByte(p + 9);
  if (tenth < 0x80) return {p + 10, low | (ninth & 0x7f) << 56 | tenth << 63};
  return {nullptr, 0};
}

LongVarint ReadLongTag(const char* p, const char* end) { return ReadBytesOfVarint<5>(p, end); }

LongVarint ReadLongSize(const char* p, const char* end) {
  const LongVarint read = ReadBytesOfVarint<5>(p, end);
  if (read.end == nullptr || read.value > kMaxSize ||
      read.value > static_cast<size_t>(end - read.end))
    return {nullptr, 0};
  return read;
}

const char* SkipValue(const char* p, const char* end, uint32_t tag, int depth) {
  if (tag >> 3 == 0) return nullptr;
  switch (tag & 7) {
    case kWireVarint: {
      uint64_t ignored;
      return ReadVarint(p, end, &ignored);
    }
    case kWireFixed64:
      return end - p >= 8 ? p + 8 : nullptr;
    case kWireLengthDelimited: {
      size_t size;
      p = ReadSize(p, end, &size);
      return p != nullptr ? p + size : nullptr;
    }
    case kWireStartGroup: {
      if (depth == 0) return nullptr;
      while (true) {
        uint32_t inner;
        p = ReadTag(p, end, &inner);
        if (p == nullptr) return nullptr;
        if ((inner & 7) == kWireEndGroup)
          return inner == tag + 1 ? p : nullptr;  // kWireEndGroup - kWireStartGroup
        p = SkipValue(p, end, inner, depth - 1);
        if (p == nullptr) return nullptr;
      }
    }
    case kWireFixed32:
      return end - p >= 4 ? p + 4 : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace ipmpsc::wire
