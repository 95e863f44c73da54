// Reading protobuf's wire format, with the same strictness as protobuf 3.21.
//
// The bytes may change while they are read, if a peer is hostile: each is loaded once, and what was
// loaded is checked and used. Every function returns the position behind what it read, or null
// where that is malformed or passes `end`.
#ifndef IPMPSC_WIRE_DECODING_H_
#define IPMPSC_WIRE_DECODING_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/base/optimization.h"
#include "ipmpsc/wire/types.h"

namespace ipmpsc::wire {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "numbers are read in place, so the processor must be little-endian");

// Loaded exactly once. Relaxed: nothing is ordered by it, the record was acquired as a whole.
inline uint8_t LoadByte(const char* p) {
  return __atomic_load_n(reinterpret_cast<const uint8_t*>(p), __ATOMIC_RELAXED);
}

// The same for several bytes, at any address.
inline uint64_t LoadWord(const char* p) {
  struct __attribute__((packed, may_alias)) Word {
    uint64_t value;
  };
  return reinterpret_cast<const volatile Word*>(p)->value;
}
inline uint32_t LoadTwoBytes(const char* p) {
  struct __attribute__((packed, may_alias)) Word {
    uint16_t value;
  };
  return reinterpret_cast<const volatile Word*>(p)->value;
}

// Seven bits of each byte, the high bits being 0, pushed together by pairs.
inline uint64_t PackSevenBitGroups(uint64_t word) {
  word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
  word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
  return (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
}

// Results of the slow paths of the functions below, returned in registers.
struct LongVarint {
  const char* end;  // null: malformed
  uint64_t value;
};
LongVarint ReadLongVarint(const char* p, const char* end);
// For varints of three bytes or more. REQUIRES: 10 bytes are readable.
LongVarint ReadLongVarintAhead(const char* p);
LongVarint ReadLongTag(const char* p, const char* end);
LongVarint ReadLongSize(const char* p, const char* end);

// Reads at most 10 bytes; drops bits beyond 64.
inline const char* ReadVarint(const char* p, const char* end, uint64_t* value) {
  if (ABSL_PREDICT_FALSE(p == end)) return nullptr;
  const uint64_t first = LoadByte(p);
  *value = first;
  if (ABSL_PREDICT_TRUE(first < 0x80)) return p + 1;
  if (ABSL_PREDICT_TRUE(end - p >= 2)) {
    const uint64_t second = LoadByte(p + 1);
    if (second < 0x80) {
      *value = (first & 0x7f) | second << 7;
      return p + 2;
    }
  }
  const LongVarint read = ReadLongVarint(p, end);
  *value = read.value;
  return read.end;
}

// Reads at most 5 bytes; drops bits beyond 32.
inline const char* ReadTag(const char* p, const char* end, uint32_t* tag) {
  if (ABSL_PREDICT_FALSE(p == end)) return nullptr;
  const uint32_t first = LoadByte(p);
  *tag = first;
  if (ABSL_PREDICT_TRUE(first < 0x80)) return p + 1;
  if (ABSL_PREDICT_TRUE(end - p >= 2)) {
    const uint32_t second = LoadByte(p + 1);
    if (second < 0x80) {
      *tag = (first & 0x7f) | second << 7;
      return p + 2;
    }
  }
  const LongVarint read = ReadLongTag(p, end);
  *tag = static_cast<uint32_t>(read.value);
  return read.end;
}

// Reads the size of the following bytes. On success they end at or before `end`.
inline const char* ReadSize(const char* p, const char* end, size_t* size) {
  if (ABSL_PREDICT_FALSE(p == end)) return nullptr;
  const size_t first = LoadByte(p);
  if (ABSL_PREDICT_FALSE(first >= 0x80)) {
    const LongVarint read = ReadLongSize(p, end);
    *size = read.value;
    return read.end;
  }
  *size = first;
  ++p;
  return ABSL_PREDICT_TRUE(first <= static_cast<size_t>(end - p)) ? p : nullptr;
}

template <typename T>
const char* ReadFixed(const char* p, const char* end, T* value) {
  if (ABSL_PREDICT_FALSE(static_cast<size_t>(end - p) < sizeof(T))) return nullptr;
  std::memcpy(value, p, sizeof(T));
  return p + sizeof(T);
}

// Skips the value that follows `tag`, including groups, which may nest `depth` deep. An end-group
// tag without its group is malformed, and so is field number 0.
const char* SkipValue(const char* p, const char* end, uint32_t tag, int depth);

inline uint32_t ZigZagDecode32(uint32_t n) { return (n >> 1) ^ (0 - (n & 1)); }
inline uint64_t ZigZagDecode64(uint64_t n) { return (n >> 1) ^ (0 - (n & 1)); }

}  // namespace ipmpsc::wire

#endif  // IPMPSC_WIRE_DECODING_H_
