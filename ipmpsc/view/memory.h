// Access to the bytes of a view whose class is known only by its table.
#ifndef IPMPSC_VIEW_MEMORY_H_
#define IPMPSC_VIEW_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

template <typename T>
T Load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

template <typename T>
void Store(char* p, T value) {
  std::memcpy(p, &value, sizeof(T));
}

// Every view begins with the bytes from which it was parsed, followed by its has bits.
inline constexpr size_t kHasBitsOffset = sizeof(absl::string_view);

inline bool GetHasBit(const char* view, uint32_t bit) {
  return (Load<uint32_t>(view + kHasBitsOffset + bit / 32 * 4) >> (bit % 32) & 1) != 0;
}

inline void SetHasBit(char* view, uint32_t bit) {
  char* const word = view + kHasBitsOffset + bit / 32 * 4;
  Store(word, Load<uint32_t>(word) | uint32_t{1} << (bit % 32));
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_MEMORY_H_
