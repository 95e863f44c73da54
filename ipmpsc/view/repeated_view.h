// RepeatedView: a repeated field in the record or in the view's arena.
//
//   for (float x : view.points()) { ... }
//   for (const DetectionView& d : view.detections()) { ... }
//
//   std::vector<float> points(view.points().size());
//   view.points().CopyTo(points.data());                    // all at once
//
// Packed numbers of fixed width stay in the record, possibly unaligned. So numbers, enums and
// strings are loaded and returned by value, and messages by reference.
#ifndef IPMPSC_VIEW_REPEATED_VIEW_H_
#define IPMPSC_VIEW_REPEATED_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <type_traits>

#include "absl/strings/string_view.h"

namespace ipmpsc::view {

// The storage of a repeated field in a view, for all types of elements.
struct RepeatedData {
  const char* elements = nullptr;
  uint32_t size = 0;
  // In the arena; 0 if the elements are in the record.
  uint32_t capacity = 0;
};

// The elements of a repeated field.
template <typename T>
class RepeatedView {
 public:
  using value_type = T;
  // Objects of class types are in the arena, where they are aligned.
  using const_reference =
      std::conditional_t<std::is_class_v<T> && !std::is_same_v<T, absl::string_view>, const T&, T>;
  using size_type = size_t;

  // A random-access iterator, but for what `operator*` returns.
  class const_iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // `operator*` may return a value
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const_reference;

    const_iterator() = default;
    reference operator*() const { return Load(element_); }
    reference operator[](difference_type n) const { return *(*this + n); }
    const_iterator& operator++() { return *this += 1; }
    const_iterator& operator--() { return *this -= 1; }
    const_iterator operator++(int) {
      const const_iterator old = *this;
      ++*this;
      return old;
    }
    const_iterator operator--(int) {
      const const_iterator old = *this;
      --*this;
      return old;
    }
    const_iterator& operator+=(difference_type n) {
      element_ += n * static_cast<difference_type>(sizeof(T));
      return *this;
    }
    const_iterator& operator-=(difference_type n) { return *this += -n; }
    friend const_iterator operator+(const_iterator i, difference_type n) { return i += n; }
    friend const_iterator operator-(const_iterator i, difference_type n) { return i -= n; }
    friend difference_type operator-(const_iterator a, const_iterator b) {
      return (a.element_ - b.element_) / static_cast<difference_type>(sizeof(T));
    }
    friend bool operator==(const_iterator a, const_iterator b) { return a.element_ == b.element_; }
    friend bool operator!=(const_iterator a, const_iterator b) { return a.element_ != b.element_; }
    friend bool operator<(const_iterator a, const_iterator b) { return a.element_ < b.element_; }

   private:
    friend class RepeatedView;
    explicit const_iterator(const char* element) : element_(element) {}

    const char* element_ = nullptr;
  };
  using iterator = const_iterator;

  constexpr RepeatedView() = default;

  // The number of elements.
  size_t size() const { return data_.size; }
  // Whether there is none.
  bool empty() const { return data_.size == 0; }
  // REQUIRES: index < size()
  const_reference operator[](size_t index) const {
    return Load(data_.elements + index * sizeof(T));
  }
  // Returns the elements as an array, for numbers and enums. Null if the elements are in the record
  // at an unaligned address, which is possible for packed numbers of fixed width: use `CopyTo` for
  // those. Valid as long as the view.
  const T* data() const {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>,
                  "only numbers and enums are stored as an array");
    if (reinterpret_cast<uintptr_t>(data_.elements) % alignof(T) != 0) return nullptr;
    return reinterpret_cast<const T*>(data_.elements);
  }
  // Copies all elements to `to` at the speed of memcpy. REQUIRES: `to` has space for size()
  // elements.
  void CopyTo(T* to) const {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>,
                  "only numbers and enums are stored as an array");
    if (data_.size != 0) std::memcpy(to, data_.elements, size_t{data_.size} * sizeof(T));
  }
  // The elements in the order in which they were sent.
  const_iterator begin() const { return const_iterator(data_.elements); }
  // The end of the elements.
  const_iterator end() const {
    return const_iterator(data_.elements + size_t{data_.size} * sizeof(T));
  }

 private:
  static const_reference Load(const char* element) {
    if constexpr (std::is_reference_v<const_reference>) {
      return *reinterpret_cast<const T*>(element);
    } else {
      T value;
      std::memcpy(&value, element, sizeof(T));
      return value;
    }
  }

  RepeatedData data_;
};

static_assert(sizeof(RepeatedView<int>) == sizeof(RepeatedData));

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_REPEATED_VIEW_H_
