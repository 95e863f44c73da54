#include "ipmpsc/view/packed.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/number.h"
#include "ipmpsc/view/repeated_growth.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {
namespace {

const char* ParseFixed(size_t element_size, char* at, const char* p, const char* end,
                       Arena* arena) {
  const size_t size = static_cast<size_t>(end - p);
  if (size % element_size != 0) return nullptr;
  const size_t count = size / element_size;
  RepeatedData data = Load<RepeatedData>(at);
  if (data.size == 0) {
    data = {p, static_cast<uint32_t>(count), 0};  // stays in the record
  } else {
    if (data.size + count > data.capacity && !GrowForNumbers(&data, element_size, count, arena))
      return nullptr;
    std::memcpy(NextElementOf(data, element_size), p, size);
    data.size += static_cast<uint32_t>(count);
  }
  Store(at, data);
  return end;
}

constexpr uint64_t kHighBits = 0x8080808080808080;

// Parses eight numbers of one byte, or four of two, at once: neighbours mostly have the same
// length. Returns the position of the first number that is neither. REQUIRES: the elements are 4
// bytes each.
#ifdef __SSE2__
inline const char* ParseEvenRuns(const char* p, const char* end, char** element,
                                 const char* elements_end) {
  char* to = *element;
  while (end - p >= 8 && elements_end - to >= 32) {
    const uint64_t word = wire::LoadWord(p);
    const uint64_t high = word & kHighBits;
    const __m128i zero = _mm_setzero_si128();
    if (high == 0) {
      const __m128i eight = _mm_unpacklo_epi8(_mm_cvtsi64_si128(static_cast<int64_t>(word)), zero);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi16(eight, zero));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to) + 1, _mm_unpackhi_epi16(eight, zero));
      to += 32;
    } else if (high == 0x0080008000800080) {
      const uint64_t four = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                       _mm_unpacklo_epi16(_mm_cvtsi64_si128(static_cast<int64_t>(four)), zero));
      to += 16;
    } else {
      break;
    }
    p += 8;
  }
  *element = to;
  return p;
}
#endif

// Bools are mostly 0 or 1: parses eight at once.
inline const char* ParseBools(const char* p, const char* end, char** element,
                              const char* elements_end) {
  char* to = *element;
  while (end - p >= 8 && elements_end - to >= 8) {
    const uint64_t word = wire::LoadWord(p);
    if ((word & 0xfefefefefefefefe) != 0) break;
    Store(to, word);
    to += 8;
    p += 8;
  }
  *element = to;
  return p;
}

// Reads a varint. Numbers of a field mostly have similar lengths, so there is a branch for each of
// the short ones. REQUIRES: 10 bytes are readable.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline const char* ReadSimilarVarint(const char* p, uint64_t* value) {
  const uint64_t word = wire::LoadWord(p);
  if ((word & 0x80) == 0) {
    *value = word & 0x7f;
    return p + 1;
  }
  if ((word & 0x8000) == 0) {
    *value = (word & 0x7f) | (word & 0x7f00) >> 1;
    return p + 2;
  }
  if ((word & 0x800000) == 0) {
    *value = (word & 0x7f) | (word & 0x7f00) >> 1 | (word & 0x7f0000) >> 2;
    return p + 3;
  }
  const uint64_t pairs = (word & 0x007f007f) | (word & 0x7f007f00) >> 1;
  if ((word & 0x80000000) == 0) {
    *value = (pairs & 0x3fff) | (pairs & 0x3fff0000) >> 2;
    return p + 4;
  }
  const uint64_t last = ~word & kHighBits;  // the high bits of the bytes that may end it
  if (last != 0) {
    *value = wire::PackSevenBitGroups(word & (last ^ (last - 1)) & ~kHighBits);
    return p + __builtin_ctzll(last) / 8 + 1;
  }
  const uint64_t low = wire::PackSevenBitGroups(word & ~kHighBits);
  const uint64_t ninth = wire::LoadByte(p + 8);
  const uint64_t tenth = wire::LoadByte(p + 9);
  if (ninth < 0x80) {
    *value = low | ninth << 56;
    return p + 9;
  }
  *value = low | (ninth & 0x7f) << 56 | tenth << 63;
  return ABSL_PREDICT_TRUE(tenth < 0x80) ? p + 10 : nullptr;
}

template <wire::FieldType kType>
const char* ParseVarints(const wire::Field& field, char* at, const char* p, const char* end,
                         Arena* arena) {
  // Only a hint, since the bytes may change before they are read again.
  const size_t count = CountVarints(p, end);
  const size_t element_size = ScalarSize(kType);
  RepeatedData data = Load<RepeatedData>(at);
  if (data.size + count > data.capacity && !GrowForNumbers(&data, element_size, count, arena))
    return nullptr;
  char* const begin = NextElementOf(data, element_size);
  char* element = begin;
  const char* const elements_end = begin + count * element_size;
  while (p < end && element != elements_end) {
#ifdef __SSE2__
    if (kType == wire::FieldType::kInt32) p = ParseEvenRuns(p, end, &element, elements_end);
#endif
    if (kType == wire::FieldType::kBool) p = ParseBools(p, end, &element, elements_end);
    // Where a run ends, several numbers follow that are none, before the next try.
    for (int i = 0; i < 4 && end - p >= 10 && element != elements_end; ++i) {
      uint64_t value;
      p = ReadSimilarVarint(p, &value);
      if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
      if (StoreVarint(field, kType, value, element)) element += element_size;
    }
    if (end - p < 10) break;
  }
  while (p != end && element != elements_end) {
    uint64_t value;
    p = wire::ReadVarint(p, end, &value);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
    if (StoreVarint(field, kType, value, element)) element += element_size;
  }
  data.size += static_cast<uint32_t>(static_cast<size_t>(element - begin) / element_size);
  Store(at, data);
  return p == end ? p : nullptr;
}

}  // namespace

const char* ParsePacked(const wire::Field& field, char* at, const char* p, const char* end,
                        Arena* arena) {
  size_t size;
  p = wire::ReadSize(p, end, &size);
  if (p == nullptr) return nullptr;
  end = p + size;
  switch (field.type) {
    case wire::FieldType::kInt32:
      return ParseVarints<wire::FieldType::kInt32>(field, at, p, end, arena);
    case wire::FieldType::kInt64:
      return ParseVarints<wire::FieldType::kInt64>(field, at, p, end, arena);
    case wire::FieldType::kSint32:
      return ParseVarints<wire::FieldType::kSint32>(field, at, p, end, arena);
    case wire::FieldType::kSint64:
      return ParseVarints<wire::FieldType::kSint64>(field, at, p, end, arena);
    case wire::FieldType::kBool:
      return ParseVarints<wire::FieldType::kBool>(field, at, p, end, arena);
    case wire::FieldType::kFixed32:
      return ParseFixed(sizeof(uint32_t), at, p, end, arena);
    case wire::FieldType::kFixed64:
      return ParseFixed(sizeof(uint64_t), at, p, end, arena);
    default:
      return ParseVarints<wire::FieldType::kClosedEnum>(field, at, p, end, arena);
  }
}

}  // namespace ipmpsc::view
