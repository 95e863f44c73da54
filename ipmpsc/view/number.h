// Numbers and other scalars: how they come, and how views store them.
#ifndef IPMPSC_VIEW_NUMBER_H_
#define IPMPSC_VIEW_NUMBER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/message_table.h"
#include "ipmpsc/view/wire.h"

namespace ipmpsc::view {

// Numbers, of which repeated ones come packed as well.
inline bool IsPackable(FieldType type) { return type < FieldType::kBytes; }

// How many bytes of a view a value of any type but messages takes.
inline size_t ScalarSize(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return 1;
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kFixed64:
      return 8;
    case FieldType::kBytes:
    case FieldType::kString:
      return sizeof(absl::string_view);
    default:
      return 4;
  }
}

// Whether a closed enum has `value`.
bool InRanges(const Field& field, int32_t value);

// Stores a number that came as a varint. False where it is no value of a closed enum.
inline bool StoreVarint(const Field& field, FieldType type, uint64_t value, char* at) {
  switch (type) {
    case FieldType::kInt32:
      Store(at, static_cast<uint32_t>(value));
      return true;
    case FieldType::kInt64:
      Store(at, value);
      return true;
    case FieldType::kSint32:
      Store(at, ZigZagDecode32(static_cast<uint32_t>(value)));
      return true;
    case FieldType::kSint64:
      Store(at, ZigZagDecode64(value));
      return true;
    case FieldType::kBool:
      Store(at, static_cast<uint8_t>(value != 0));
      return true;
    case FieldType::kBoolOfMap:
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
