#include "ipmpsc/view/repeated_growth.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/repeated_view.h"

namespace ipmpsc::view {

void ReserveRepeated(RepeatedData* data, size_t element_size, size_t needed, Arena* arena) {
  // Below 2^32: each element takes a byte or more of a record that has fewer than 2^31.
  const size_t capacity = std::min(std::max({needed, size_t{2} * data->capacity, size_t{4}}),
                                   size_t{std::numeric_limits<uint32_t>::max()});
  char* const old = const_cast<char*>(data->elements);
  if (data->capacity == 0 ||
      !arena->Extend(old, data->capacity * element_size, capacity * element_size)) {
    char* const elements = static_cast<char*>(arena->Allocate(capacity * element_size));
    if (data->size != 0) std::memcpy(elements, old, data->size * element_size);
    data->elements = elements;
  }
  data->capacity = static_cast<uint32_t>(capacity);
}

}  // namespace ipmpsc::view
