// Space in the arena for more elements of a repeated field. All return false where there is none.
#ifndef IPMPSC_VIEW_REPEATED_GROWTH_H_
#define IPMPSC_VIEW_REPEATED_GROWTH_H_

#include <cstddef>
#include <cstdint>

#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/repeated_view.h"

namespace ipmpsc::view {

// Makes the capacity `needed`, which is more than it was.
bool ReserveRepeated(RepeatedData* data, size_t element_size, size_t needed, Arena* arena);

// For `count` more numbers, which come together. REQUIRES: they do not fit.
bool GrowForNumbers(RepeatedData* data, size_t element_size, size_t count, Arena* arena);
// For one more, of which nothing else is known. REQUIRES: the array is full.
bool GrowForElement(RepeatedData* data, size_t element_size, Arena* arena);
// For one more, whose length is at `p`, and for those that follow it, each with `tag` in front: the
// array grows by at most as many as it has, and where they end it mostly has no element too many.
// REQUIRES: the array is full.
bool GrowForElements(RepeatedData* data, size_t element_size, uint32_t tag, const char* p,
                     const char* end, Arena* arena);

// Where the next element belongs.
inline char* NextElementOf(const RepeatedData& data, size_t element_size) {
  return const_cast<char*>(data.elements) + data.size * element_size;
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_REPEATED_GROWTH_H_
