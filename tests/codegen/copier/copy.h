// Helpers for the functions that protoc-gen-copier generates.
#ifndef IPMPSC_TESTS_CODEGEN_COPIER_COPY_H_
#define IPMPSC_TESTS_CODEGEN_COPIER_COPY_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/view/map_view.h"
#include "ipmpsc/view/repeated_view.h"

namespace ipmpsc_test::copier {

// Selects between several setters.
struct Style {
  bool arrays = true;             // repeated numbers at once, not one by one
  bool in_place = false;          // bytes and strings through mutable_x()
  bool numbers_in_place = false;  // packed numbers of fixed width through mutable_x()
};

inline void Fill(absl::string_view from, absl::Span<char> to) {
  if (!to.empty()) std::memcpy(to.data(), from.data(), from.size());
}

// Copies numbers into the place that a writer has handed out, if there is one.
template <typename Numbers, typename T>
void FillNumbers(const Numbers& from, absl::Span<T> to) {
  for (size_t i = 0; i < to.size(); ++i) to[i] = from[static_cast<int>(i)];
}

// Compares bits as protobuf does, so that -0.0 is sent.
template <typename T>
bool IsDefault(T value) {
  const T zero = {};
  return std::memcmp(&value, &zero, sizeof(T)) == 0;
}
inline bool IsDefault(const std::string& value) { return value.empty(); }
// The type of strings in edition 2024.
inline bool IsDefault(absl::string_view value) { return value.empty(); }

template <typename Enum, typename Field>
std::vector<Enum> Enums(const Field& field) {
  std::vector<Enum> values;
  for (const int number : field) values.push_back(static_cast<Enum>(number));
  return values;
}

// Returns an array of numbers for the setter of all at once.
template <typename Field>
auto Numbers(const Field& field) {
  return absl::MakeConstSpan(field);
}
// Those of a view may be unaligned.
template <typename T>
class NumbersOfView {
 public:
  explicit NumbersOfView(const ipmpsc::view::RepeatedView<T>& view)
      : size_(view.size()), numbers_(new T[view.size()]) {
    view.CopyTo(numbers_.get());
  }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator absl::Span<const T>() const { return absl::Span<const T>(numbers_.get(), size_); }

 private:
  size_t size_;
  std::unique_ptr<T[]> numbers_;
};
template <typename T>
NumbersOfView<T> Numbers(const ipmpsc::view::RepeatedView<T>& view) {
  return NumbersOfView<T>(view);
}

// Calls `f` with key and value of each entry, in protobuf's deterministic order.
template <typename Map, typename F>
void ForEachEntry(const Map& map, F f) {
  std::vector<const typename Map::value_type*> entries;
  for (const auto& entry : map) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  for (const auto* entry : entries) f(entry->first, entry->second);
}
template <typename Entry, typename F>
void ForEachEntry(const ipmpsc::view::MapView<Entry>& map, F f) {
  for (const Entry& entry : map) f(entry.key(), entry.value());
}

template <typename From, typename = void>
struct IsView : std::false_type {};
template <typename From>
struct IsView<From, decltype(void(std::declval<const From&>().Bytes()))> : std::true_type {};

// Copies what a view has beside its fields. protobuf's classes show it by reflection only.
template <typename From, typename Writer>
void CopyUnknownFields(const From& from, Writer* to) {
  static_cast<void>(from);
  static_cast<void>(to);
  if constexpr (IsView<From>::value) to->AddUnknownFields(from.Bytes());
}

}  // namespace ipmpsc_test::copier

#endif  // IPMPSC_TESTS_CODEGEN_COPIER_COPY_H_
