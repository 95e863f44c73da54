// GrowRepeated: space in the arena for more elements of a repeated field.
#ifndef IPMPSC_VIEW_REPEATED_GROWTH_H_
#define IPMPSC_VIEW_REPEATED_GROWTH_H_

#include <cstddef>

#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/repeated_view.h"

namespace ipmpsc::view {

void ReserveRepeated(RepeatedData* data, size_t element_size, size_t needed, Arena* arena);

// Makes space for `count` more elements and returns where the first belongs; the size is the
// caller's to raise.
inline char* GrowRepeated(RepeatedData* data, size_t element_size, size_t count, Arena* arena) {
  if (data->size + count > data->capacity)
    ReserveRepeated(data, element_size, data->size + count, arena);
  return const_cast<char*>(data->elements) + data->size * element_size;
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_REPEATED_GROWTH_H_
