#include "ipmpsc/view/packed.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/optimization.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/message_table.h"
#include "ipmpsc/view/number.h"
#include "ipmpsc/view/repeated_growth.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/view/wire.h"

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

template <FieldType kType>
const char* ParseVarints(const Field& field, char* at, const char* p, const char* end,
                         Arena* arena) {
  // Only a hint, since the bytes may change before they are read again.
  const size_t count = CountVarints(p, end);
  const size_t element_size = ScalarSize(kType);
  RepeatedData data = Load<RepeatedData>(at);
  if (data.size + count > data.capacity && !GrowForNumbers(&data, element_size, count, arena))
    return nullptr;
  char* element = NextElementOf(data, element_size);
  for (size_t i = 0; i < count && p != end; ++i) {
    uint64_t value;
    p = ReadVarint(p, end, &value);
    if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
    if (!StoreVarint(field, kType, value, element)) continue;
    element += element_size;
    ++data.size;
  }
  Store(at, data);
  return p == end ? p : nullptr;
}

}  // namespace

const char* ParsePacked(const Field& field, char* at, const char* p, const char* end,
                        Arena* arena) {
  size_t size;
  p = ReadSize(p, end, &size);
  if (p == nullptr) return nullptr;
  end = p + size;
  switch (field.type) {
    case FieldType::kInt32:
      return ParseVarints<FieldType::kInt32>(field, at, p, end, arena);
    case FieldType::kInt64:
      return ParseVarints<FieldType::kInt64>(field, at, p, end, arena);
    case FieldType::kSint32:
      return ParseVarints<FieldType::kSint32>(field, at, p, end, arena);
    case FieldType::kSint64:
      return ParseVarints<FieldType::kSint64>(field, at, p, end, arena);
    case FieldType::kBool:
      return ParseVarints<FieldType::kBool>(field, at, p, end, arena);
    case FieldType::kFixed32:
      return ParseFixed(sizeof(uint32_t), at, p, end, arena);
    case FieldType::kFixed64:
      return ParseFixed(sizeof(uint64_t), at, p, end, arena);
    default:
      return ParseVarints<FieldType::kClosedEnum>(field, at, p, end, arena);
  }
}

}  // namespace ipmpsc::view
