// FindField: what a message's table says of a field number.
#ifndef IPMPSC_VIEW_FIND_FIELD_H_
#define IPMPSC_VIEW_FIND_FIELD_H_

#include <algorithm>
#include <cstdint>

#include "ipmpsc/view/message_table.h"

namespace ipmpsc::view {

// Null where the message has no such field.
inline const Field* FindField(const MessageTable& table, uint32_t number) {
  if (number - 1 < table.dense_count) return &table.fields[number - 1];
  const Field* const end = table.fields + table.field_count;
  const Field* const field =
      std::lower_bound(table.fields + table.dense_count, end, number,
                       [](const Field& f, uint32_t n) { return f.number() < n; });
  return field != end && field->number() == number ? field : nullptr;
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_FIND_FIELD_H_
