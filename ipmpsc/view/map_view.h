// MapView: a map field. It has each key once, with the last value that was sent for it.
//
//   for (const Frame_TagsEntryView& tag : view.tags()) Use(tag.key(), tag.value());
//   auto tag = view.tags().find("lens");
//   if (tag != view.tags().end()) Use((*tag).value());
//
// The order of entries is unspecified.
#ifndef IPMPSC_VIEW_MAP_VIEW_H_
#define IPMPSC_VIEW_MAP_VIEW_H_

#include <algorithm>
#include <type_traits>

#include "absl/strings/string_view.h"
#include "ipmpsc/view/repeated_view.h"

namespace ipmpsc::view {

// The order of entries in a `MapView`: numbers as if they were unsigned, strings by bytes.
template <typename Key>
bool MapKeyLess(Key a, Key b) {
  if constexpr (std::is_integral_v<Key> && !std::is_same_v<Key, bool>) {
    return static_cast<std::make_unsigned_t<Key>>(a) < static_cast<std::make_unsigned_t<Key>>(b);
  } else {
    return a < b;
  }
}

// The entries of a map field.
template <typename Entry>
class MapView : public RepeatedView<Entry> {
 public:
  // Returns `end()` if there is no such key. Logarithmic.
  template <typename Key>
  auto find(const Key& key) const {
    using EntryKey = decltype(std::declval<const Entry&>().key());
    const EntryKey wanted(key);
    size_t first = 0;
    size_t count = this->size();
    while (count > 0) {
      const size_t half = count / 2;
      if (MapKeyLess<EntryKey>((*this)[first + half].key(), wanted)) {
        first += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    const bool found = first < this->size() && (*this)[first].key() == wanted;
    return found ? this->begin() + static_cast<std::ptrdiff_t>(first) : this->end();
  }

  // Whether there is such a key. Logarithmic.
  template <typename Key>
  bool contains(const Key& key) const {
    return find(key) != this->end();
  }
};

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_MAP_VIEW_H_
