#include "ipmpsc/writer/number_array.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ipmpsc/writer/encoding.h"
#include "ipmpsc/writer/output.h"

namespace ipmpsc::writer {
namespace {

// The elements may be of a type that is no integer, such as an enum: they are read as bytes.
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
      return SignExtend(Load<int32_t>(p));
    case Number::kUint32:
    case Number::kFixed32:
      return Load<uint32_t>(p);
    case Number::kSint32:
      return ZigZagEncode32(Load<int32_t>(p));
    case Number::kSint64:
      return ZigZagEncode64(Load<int64_t>(p));
    case Number::kBool:
      return Load<uint8_t>(p);
    default:
      return Load<uint64_t>(p);
  }
}

template <Number kType>
void PutPackedVarints(uint32_t number, const char* elements, size_t count, Output* output) {
  const char* const end = elements + count * SizeOf(kType);
  size_t size = 0;
  for (const char* p = elements; p != end; p += SizeOf(kType)) {
    size += VarintSize(WireValue<kType>(p));
  }
  char* to = output->AppendBytes(number, size);
  if (to == nullptr) return;
  for (const char* p = elements; p != end; p += SizeOf(kType)) {
    to = EncodeVarint(WireValue<kType>(p), to);
  }
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
    case Number::kBool:
      return PutPackedVarints<Number::kBool>(number, p, count, output);
    case Number::kFixed32:
    case Number::kFixed64: {
      char* const to = output->AppendBytes(number, count * SizeOf(type));
      if (to != nullptr) std::memcpy(to, p, count * SizeOf(type));
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
