// Arrays of numbers on the wire, packed after one length or each after its tag.
#ifndef IPMPSC_WRITER_NUMBER_ARRAY_H_
#define IPMPSC_WRITER_NUMBER_ARRAY_H_

#include <cstddef>
#include <cstdint>

#include "ipmpsc/writer/output.h"

namespace ipmpsc::writer {

// The type of a number in memory, and its encoding on the wire.
enum class Number : uint8_t {
  kInt32,    // and enums: 4 bytes, sign-extended
  kInt64,    // 8 bytes
  kUint32,   // 4 bytes
  kUint64,   // 8 bytes
  kSint32,   // 4 bytes
  kSint64,   // 8 bytes
  kBool,     // 1 byte
  kFixed32,  // fixed32, sfixed32, float: 4 bytes, unchanged
  kFixed64,  // fixed64, sfixed64, double: 8 bytes, unchanged
};

constexpr size_t SizeOf(Number type) {
  switch (type) {
    case Number::kBool:
      return 1;
    case Number::kInt32:
    case Number::kUint32:
    case Number::kSint32:
    case Number::kFixed32:
      return 4;
    default:
      return 8;
  }
}

// `elements` are `count` numbers of `type`. An empty array writes nothing.
void PutPacked(Number type, uint32_t number, const void* elements, size_t count, Output* output);
void PutEach(Number type, uint32_t number, const void* elements, size_t count, Output* output);

}  // namespace ipmpsc::writer

#endif  // IPMPSC_WRITER_NUMBER_ARRAY_H_
