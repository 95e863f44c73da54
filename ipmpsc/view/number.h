// Numbers and other scalars: their encodings, and their storage in views.
#ifndef IPMPSC_VIEW_NUMBER_H_
#define IPMPSC_VIEW_NUMBER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

// Numbers, of which repeated ones come packed as well.
inline bool IsPackable(wire::FieldType type) { return type < wire::FieldType::kBytes; }

// How many bytes of a view a value of any type but messages takes.
inline size_t ScalarSize(wire::FieldType type) {
  switch (type) {
    case wire::FieldType::kBool:
      return 1;
    case wire::FieldType::kInt64:
    case wire::FieldType::kSint64:
    case wire::FieldType::kFixed64:
      return 8;
    case wire::FieldType::kBytes:
    case wire::FieldType::kString:
      return sizeof(absl::string_view);
    default:
      return 4;
  }
}

// Whether a closed enum has `value`.
bool InRanges(const wire::Field& field, int32_t value);

// Stores a number that came as a varint. False where it is no value of a closed enum.
inline bool StoreVarint(const wire::Field& field, wire::FieldType type, uint64_t value, char* at) {
  switch (type) {
    case wire::FieldType::kInt32:
      Store(at, static_cast<uint32_t>(value));
      return true;
    case wire::FieldType::kInt64:
      Store(at, value);
      return true;
    case wire::FieldType::kSint32:
      Store(at, wire::ZigZagDecode32(static_cast<uint32_t>(value)));
      return true;
    case wire::FieldType::kSint64:
      Store(at, wire::ZigZagDecode64(value));
      return true;
    case wire::FieldType::kBool:
      Store(at, static_cast<uint8_t>(value != 0));
      return true;
    case wire::FieldType::kBoolOfMap:
      Store(at, static_cast<uint8_t>(static_cast<uint32_t>(value) != 0));
      return true;
    default:
      if (!InRanges(field, static_cast<int32_t>(value))) return false;
      Store(at, static_cast<uint32_t>(value));
      return true;
  }
}

// How many varints end between `p` and `end`.
size_t CountVarints(const char* p, const char* end);

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_NUMBER_H_
