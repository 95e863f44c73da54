// The pieces of the parser's fast path. They read ahead without looking at the end of a message.
// Its caller has checked once, for each field, that `kAhead` bytes of the record are left. A field
// that passes the end of its message is found before the next one.
#ifndef IPMPSC_VIEW_FAST_PATH_H_
#define IPMPSC_VIEW_FAST_PATH_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/message_table.h"
#include "ipmpsc/wire/utf8.h"

namespace ipmpsc::view {

// The longest tag of the fast path and the longest length, which may be that of a short text, and
// 16 bytes of the text. Or a tag and the longest number.
inline constexpr size_t kAhead = 2 + 5 + 16;

// The state that all pieces of a parse share.
struct ParseContext {
  Arena* arena;
  const char* fast_end;         // in front of it, `kAhead` bytes may be read
  int depth = wire::kMaxDepth;  // how many messages may still lie within each other
};

// Makes a view without fields. A view has 16 bytes or more, and a multiple of 8.
inline char* InitView(const wire::MessageTable& table, void* memory) {
  char* const to = static_cast<char*>(memory);
  const char* const from = static_cast<const char*>(table.empty_view);
  const size_t last = table.view_size - 16;
  if (ABSL_PREDICT_FALSE(last > 128)) {
    std::memcpy(to, from, table.view_size);
    return to;
  }
  for (size_t i = 0; i < last; i += 16) std::memcpy(to + i, from + i, 16);
  std::memcpy(to + last, from + last, 16);
  return to;
}

// Reads a varint. REQUIRES: 10 bytes are readable.
inline const char* ReadVarintAhead(const char* p, uint64_t* value) {
  const uint32_t two = wire::LoadTwoBytes(p);
  *value = two & 0x7f;
  if ((two & 0x80) == 0) return p + 1;
  if ((two & 0x8000) == 0) {
    *value |= (two & 0x7f00) >> 1;
    return p + 2;
  }
  const wire::LongVarint read = wire::ReadLongVarintAhead(p);
  *value = read.value;
  return read.end;
}

// Reads the size of the following bytes. On success they end at or before `end`. `p` may be beyond
// it.
inline const char* ReadSizeAhead(const char* p, const char* end, size_t* size) {
  *size = wire::LoadByte(p);
  if (ABSL_PREDICT_FALSE(*size >= 0x80)) return p < end ? wire::ReadSize(p, end, size) : nullptr;
  ++p;
  return ABSL_PREDICT_TRUE(static_cast<std::ptrdiff_t>(*size) <= end - p) ? p : nullptr;
}

// Whether a text is UTF-8. REQUIRES: 16 bytes are readable, whatever its size.
inline bool IsUtf8Ahead(const char* p, size_t size) {
#ifdef __SSE2__
  const auto high_bits = [](const char* at) {
    return static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
  };
  uint32_t bits;
  if (ABSL_PREDICT_TRUE(size <= 16)) {
    bits = high_bits(p) & ((uint32_t{1} << size) - 1);
  } else {
    bits = high_bits(p + size - 16);
    for (size_t i = 0; i + 16 < size; i += 16) bits |= high_bits(p + i);
  }
  return ABSL_PREDICT_TRUE(bits == 0) || wire::IsUtf8Slow(absl::string_view(p, size));
#else
  return wire::IsUtf8(absl::string_view(p, size));
#endif
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_FAST_PATH_H_
