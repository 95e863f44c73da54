#include "ipmpsc/view/number.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ipmpsc/view/memory.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

bool InRanges(const wire::Field& field, int32_t value) {
  const wire::EnumRange* const end = field.ranges + field.range_count;
  const wire::EnumRange* const range = std::lower_bound(
      field.ranges, end, value, [](const wire::EnumRange& r, int32_t v) { return r.last < v; });
  return range != end && range->first <= value;
}

size_t CountVarints(const char* p, const char* end) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t count = 0;
  for (; end - p >= 8; p += 8) {
    count += ((~Load<uint64_t>(p) & kHighBits) >> 7) * 0x0101010101010101 >> 56;
  }
  for (; p != end; ++p) count += (*p & 0x80) == 0;
  return count;
}

}  // namespace ipmpsc::view
