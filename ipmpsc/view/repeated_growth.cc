#include "ipmpsc/view/repeated_growth.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/decoding.h"

namespace ipmpsc::view {
namespace {

constexpr size_t kSmallestCapacity = 4;
// From this many elements on, or for large ones, counting those that follow pays off.
constexpr size_t kCounted = 32;
constexpr size_t kLargeElement = 64;

// Counts the length-delimited values with this tag that follow the one at `p`, whose tag was read.
// Stops at `most`. Only a hint, since the bytes may change before they are read again.
size_t CountElements(const char* p, const char* end, uint32_t tag, size_t most) {
  size_t count = 0;
  while (true) {
    size_t size;
    p = wire::ReadSize(p, end, &size);
    if (p == nullptr) return count;
    uint32_t next;
    p = wire::ReadTag(p + size, end, &next);
    if (p == nullptr || next != tag || ++count == most) return count;
  }
}

}  // namespace

bool ReserveRepeated(RepeatedData* data, size_t element_size, size_t needed, Arena* arena) {
  // Below 2^32: each element takes at least a byte of a record that has fewer than 2^31.
  const size_t capacity = std::min(needed, size_t{std::numeric_limits<uint32_t>::max()});
  void* const elements =
      data->capacity == 0
          ? arena->Allocate(capacity * element_size)
          : arena->Grow(const_cast<char*>(data->elements), data->capacity * element_size,
                        data->size * element_size, capacity * element_size);
  if (elements == nullptr) return false;
  // Elements in the record have no capacity, and move to the arena.
  if (data->capacity == 0 && data->size != 0)
    std::memcpy(elements, data->elements, data->size * element_size);
  data->elements = static_cast<const char*>(elements);
  data->capacity = static_cast<uint32_t>(capacity);
  return true;
}

bool GrowForNumbers(RepeatedData* data, size_t element_size, size_t count, Arena* arena) {
  const size_t needed = data->size + count;
  // The first run is mostly the only one.
  const size_t capacity =
      data->size == 0 ? needed : std::max({needed, size_t{2} * data->size, kSmallestCapacity});
  return ReserveRepeated(data, element_size, capacity, arena);
}

bool GrowForElement(RepeatedData* data, size_t element_size, Arena* arena) {
  return ReserveRepeated(data, element_size, std::max(size_t{2} * data->size, kSmallestCapacity),
                         arena);
}

bool GrowForElements(RepeatedData* data, size_t element_size, uint32_t tag, const char* p,
                     const char* end, Arena* arena) {
  if (data->size < kCounted && (data->size != 0 || element_size < kLargeElement))
    return GrowForElement(data, element_size, arena);
  if (data->size == 0) {
    const size_t following = CountElements(p, end, tag, kSmallestCapacity - 1);
    return ReserveRepeated(data, element_size, following + 1, arena);
  }
  const size_t following = CountElements(p, end, tag, data->size);
  // Others of this field may follow after other fields: does not grow one at a time.
  const size_t more = std::max(following + 1, size_t{data->size} / 4);
  return ReserveRepeated(data, element_size, data->size + more, arena);
}

}  // namespace ipmpsc::view
