#include "ipmpsc/writer/number_array.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/payload_copy.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/encoding.h"
#include "ipmpsc/writer/output.h"

namespace ipmpsc::writer {
namespace {

// The elements may be of a type that is no integer, such as an enum, so they are read as bytes.
template <typename T>
T Load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

template <Number kType>
uint64_t WireValue(const char* p) {
  switch (kType) {
    case Number::kInt32:
      return wire::SignExtend(Load<int32_t>(p));
    case Number::kUint32:
    case Number::kFixed32:
      return Load<uint32_t>(p);
    case Number::kSint32:
      return wire::ZigZagEncode32(Load<int32_t>(p));
    case Number::kSint64:
      return wire::ZigZagEncode64(Load<int64_t>(p));
    case Number::kBool:
      return Load<uint8_t>(p);
    default:
      return Load<uint64_t>(p);
  }
}

template <Number kType>
size_t EncodedSize(const char* p, const char* end) {
  size_t size = 0;
  for (; p != end; p += SizeOf(kType)) size += wire::VarintSize(WireValue<kType>(p));
  return size;
}

// For a space that may be too small: computes the needed size first.
template <Number kType>
void PutExactly(uint32_t number, const char* elements, const char* end, Output* output) {
  char* to = output->AppendBytes(number, EncodedSize<kType>(elements, end));
  if (to == nullptr) return;
  for (const char* p = elements; p != end; p += SizeOf(kType)) {
    to = wire::EncodeVarint(WireValue<kType>(p), to);
  }
}

// Writes in one pass. The length first gets its minimum width, which is mostly right. Otherwise the
// elements move by a byte.
template <Number kType>
void PutPackedVarints(uint32_t number, const char* elements, size_t count, Output* output) {
  const char* const end = elements + count * SizeOf(kType);
  char* const begin = output->free_space();
  const size_t left = output->free_size();
  const size_t width = wire::VarintSize(count);
  // A number of ten bytes is up to ten times as long as one of one byte: one byte of length more.
  constexpr size_t kSpare = wire::kMaxVarintWidth + 1;
  if (left < wire::kMaxTagWidth + wire::kMaxLengthWidth + kSpare)
    return PutExactly<kType>(number, elements, end, output);
  char* const length = wire::EncodeVarint(wire::Tag(number, wire::kWireLengthDelimited), begin);
  char* const body = length + width;
  const char* const stop = begin + left - kSpare;  // up to here, any number has space
  char* to = body;
  const char* p = elements;
  for (; p != end && to <= stop; p += SizeOf(kType))
    to = wire::EncodeVarintAhead(WireValue<kType>(p), to);
  if (p != end) {
    const size_t rest = EncodedSize<kType>(p, end);
    if (rest >= static_cast<size_t>(begin + left - to))
      return PutExactly<kType>(number, elements, end, output);
    for (; p != end; p += SizeOf(kType)) to = wire::EncodeVarint(WireValue<kType>(p), to);
  }
  const size_t size = static_cast<size_t>(to - body);
  const size_t more = wire::VarintSize(size) - width;
  if (ABSL_PREDICT_FALSE(more != 0)) std::memmove(body + more, body, size);
  wire::EncodeVarint(size, length);
  output->Use(static_cast<size_t>(to - begin) + more);
}

template <Number kType>
void PutEachOf(uint32_t number, const char* p, size_t count, Output* output) {
  for (; count > 0; --count, p += SizeOf(kType)) {
    const uint64_t value = WireValue<kType>(p);
    if (kType == Number::kFixed32) {
      output->PutFixed32(number, static_cast<uint32_t>(value));
    } else if (kType == Number::kFixed64) {
      output->PutFixed64(number, value);
    } else {
      output->PutVarint(number, value);
    }
  }
}

}  // namespace

void PutPacked(Number type, uint32_t number, const void* elements, size_t count, Output* output) {
  if (count == 0) return;
  const char* const p = static_cast<const char*>(elements);
  switch (type) {
    case Number::kInt32:
      return PutPackedVarints<Number::kInt32>(number, p, count, output);
    case Number::kInt64:
    case Number::kUint64:
      return PutPackedVarints<Number::kUint64>(number, p, count, output);
    case Number::kUint32:
      return PutPackedVarints<Number::kUint32>(number, p, count, output);
    case Number::kSint32:
      return PutPackedVarints<Number::kSint32>(number, p, count, output);
    case Number::kSint64:
      return PutPackedVarints<Number::kSint64>(number, p, count, output);
    case Number::kBool:  // is 0 or 1 in memory and on the wire
    case Number::kFixed32:
    case Number::kFixed64: {
      const absl::string_view bytes(p, count * SizeOf(type));
      char* const to = output->AppendBytes(number, bytes.size());
      if (to != nullptr) internal::CopyPayload(to, bytes);
      return;
    }
  }
}

void PutEach(Number type, uint32_t number, const void* elements, size_t count, Output* output) {
  const char* const p = static_cast<const char*>(elements);
  switch (type) {
    case Number::kInt32:
      return PutEachOf<Number::kInt32>(number, p, count, output);
    case Number::kInt64:
    case Number::kUint64:
      return PutEachOf<Number::kUint64>(number, p, count, output);
    case Number::kUint32:
      return PutEachOf<Number::kUint32>(number, p, count, output);
    case Number::kSint32:
      return PutEachOf<Number::kSint32>(number, p, count, output);
    case Number::kSint64:
      return PutEachOf<Number::kSint64>(number, p, count, output);
    case Number::kBool:
      return PutEachOf<Number::kBool>(number, p, count, output);
    case Number::kFixed32:
      return PutEachOf<Number::kFixed32>(number, p, count, output);
    case Number::kFixed64:
      return PutEachOf<Number::kFixed64>(number, p, count, output);
  }
}

}  // namespace ipmpsc::writer
