#include "ipmpsc/view/wire.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/base/optimization.h"

namespace ipmpsc::view {
namespace {

// protobuf keeps that much below the largest int.
constexpr size_t kMaxSize = std::numeric_limits<int32_t>::max() - 16;

template <int kMaxBytes>
const char* ReadBytesOfVarint(const char* p, const char* end, uint64_t* value) {
  uint64_t result = 0;
  for (int i = 0; i < kMaxBytes && p != end; ++i) {
    const uint64_t byte = LoadByte(p++);
    result |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      *value = result;
      return p;
    }
  }
  return nullptr;
}

}  // namespace

const char* ReadLongVarint(const char* p, const char* end, uint64_t* value) {
  return ReadBytesOfVarint<10>(p, end, value);
}

const char* ReadLongTag(const char* p, const char* end, uint32_t* tag) {
  uint64_t value = 0;
  p = ReadBytesOfVarint<5>(p, end, &value);
  *tag = static_cast<uint32_t>(value);
  return p;
}

const char* ReadLongSize(const char* p, const char* end, size_t* size) {
  uint64_t value = 0;
  p = ReadBytesOfVarint<5>(p, end, &value);
  if (p == nullptr || value > kMaxSize || value > static_cast<size_t>(end - p)) return nullptr;
  *size = value;
  return p;
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
