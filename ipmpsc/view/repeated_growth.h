// Space in the arena for more elements of a repeated field. All functions return false if there is
// none.
#ifndef IPMPSC_VIEW_REPEATED_GROWTH_H_
#define IPMPSC_VIEW_REPEATED_GROWTH_H_

#include <cstddef>
#include <cstdint>

#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/repeated_view.h"

namespace ipmpsc::view {

// Sets the capacity to `needed`. REQUIRES: it was smaller.
bool ReserveRepeated(RepeatedData* data, size_t element_size, size_t needed, Arena* arena);

// Makes space for `count` more numbers that come together. REQUIRES: they do not fit.
bool GrowForNumbers(RepeatedData* data, size_t element_size, size_t count, Arena* arena);
// Makes space for one more element. REQUIRES: the array is full.
bool GrowForElement(RepeatedData* data, size_t element_size, Arena* arena);
// Makes space for the element whose length is at `p` and for those that follow it, each with `tag`
// before it. At most doubles the array, which mostly has no spare elements in the end. REQUIRES:
// the array is full.
bool GrowForElements(RepeatedData* data, size_t element_size, uint32_t tag, const char* p,
                     const char* end, Arena* arena);

// Returns the place of the next element.
inline char* NextElementOf(const RepeatedData& data, size_t element_size) {
  return const_cast<char*>(data.elements) + data.size * element_size;
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_REPEATED_GROWTH_H_
