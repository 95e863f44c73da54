#include "ipmpsc/view/wire.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/base/optimization.h"

namespace ipmpsc::view {
namespace {

// protobuf keeps that much below the largest int.
constexpr size_t kMaxSize = std::numeric_limits<int32_t>::max() - 16;

struct __attribute__((packed, may_alias)) UnalignedWord {
  uint64_t value;
};

// Loaded exactly once, as by `LoadByte`.
uint64_t LoadWord(const char* p) {
  return reinterpret_cast<const volatile UnalignedWord*>(p)->value;
}

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

// Eight bytes at a time, where that many are left: no branch depends on the length.
LongVarint ReadLongVarint(const char* p, const char* end) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  if (end - p < 8) return ReadBytesOfVarint<10>(p, end);
  uint64_t word = LoadWord(p);
  const uint64_t last = ~word & kHighBits;  // the high bits of the bytes that may end it
  if (ABSL_PREDICT_FALSE(last == 0)) return ReadBytesOfVarint<10>(p, end);
  word &= (last ^ (last - 1)) & ~kHighBits;
  // Seven bits of each byte, pushed together by pairs.
  word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
  word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
  word = (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
  return {p + __builtin_ctzll(last) / 8 + 1, word};
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

}  // namespace ipmpsc::view
