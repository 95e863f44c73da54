#include "ipmpsc/view/map_view.h"

#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace ipmpsc::view {
namespace {

template <typename Key>
class Entry {
 public:
  Entry(Key key, int value) : key_(key), value_(value) {}
  Key key() const { return key_; }
  int value() const { return value_; }

 private:
  Key key_;
  int value_;
};

// REQUIRES: `entries` are in the order of `MapKeyLess`.
template <typename Key, uint32_t kSize>
MapView<Entry<Key>> ViewOf(const Entry<Key> (&entries)[kSize]) {
  const RepeatedData data = {reinterpret_cast<const char*>(entries), kSize, 0};
  MapView<Entry<Key>> view;
  std::memcpy(static_cast<void*>(&view), &data, sizeof(data));
  return view;
}

TEST(MapViewTest, FindsStrings) {
  const Entry<absl::string_view> entries[] = {{"", 0}, {"a", 1}, {"ab", 2}, {"b", 3}};
  const auto view = ViewOf(entries);
  for (const auto& entry : entries) EXPECT_EQ((*view.find(entry.key())).value(), entry.value());
  EXPECT_TRUE(view.contains("ab"));
  EXPECT_FALSE(view.contains("abc"));
  EXPECT_TRUE(view.find("z") == view.end());
}

TEST(MapViewTest, FindsNegativeNumbers) {
  const Entry<int32_t> entries[] = {
      {0, 0}, {7, 1}, {std::numeric_limits<int32_t>::min(), 2}, {-1, 3}};
  const auto view = ViewOf(entries);
  for (const auto& entry : entries) EXPECT_EQ((*view.find(entry.key())).value(), entry.value());
  EXPECT_FALSE(view.contains(1));
  EXPECT_FALSE(view.contains(-2));
}

TEST(MapViewTest, FindsBools) {
  const Entry<bool> entries[] = {{true, 5}};
  EXPECT_EQ((*ViewOf(entries).find(true)).value(), 5);
  EXPECT_FALSE(ViewOf(entries).contains(false));
}

TEST(MapViewTest, EmptyMapFindsNothing) {
  const MapView<Entry<int32_t>> view;
  EXPECT_TRUE(view.find(0) == view.end());
}

}  // namespace
}  // namespace ipmpsc::view
