#include "ipmpsc/view/repeated_view.h"

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace ipmpsc::view {
namespace {

enum Color : int { kRed = 1, kBlue = 3 };

struct Point {
  int x;
  int y;
};

// Builds a view as the parser does.
template <typename T>
RepeatedView<T> ViewOf(const void* elements, uint32_t size) {
  const RepeatedData data = {static_cast<const char*>(elements), size, 0};
  RepeatedView<T> view;
  std::memcpy(static_cast<void*>(&view), &data, sizeof(data));
  return view;
}

TEST(RepeatedViewTest, EmptyByDefault) {
  const RepeatedView<int> view;
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(view.size(), 0);
  EXPECT_TRUE(view.begin() == view.end());
}

TEST(RepeatedViewTest, NumbersNeedNotBeAligned) {
  alignas(8) char bytes[1 + 3 * sizeof(double)];
  const double values[] = {1.5, -2.5, 3.5};
  std::memcpy(bytes + 1, values, sizeof(values));
  const RepeatedView<double> view = ViewOf<double>(bytes + 1, 3);
  EXPECT_EQ(view.size(), 3);
  EXPECT_EQ(view[2], 3.5);
  EXPECT_EQ(std::vector<double>(view.begin(), view.end()), std::vector<double>({1.5, -2.5, 3.5}));
}

TEST(RepeatedViewTest, EnumsAndStringsAreValues) {
  const int numbers[] = {1, 3};
  EXPECT_EQ(ViewOf<Color>(numbers, 2)[1], kBlue);
  const absl::string_view texts[] = {"a", "bc"};
  std::string all;
  for (const absl::string_view text : ViewOf<absl::string_view>(texts, 2)) all += std::string(text);
  EXPECT_EQ(all, "abc");
}

TEST(RepeatedViewTest, MessagesAreReferences) {
  const Point points[] = {{1, 2}, {3, 4}};
  const RepeatedView<Point> view = ViewOf<Point>(points, 2);
  EXPECT_EQ(&view[1], &points[1]);
  EXPECT_EQ(&*view.begin(), &points[0]);
}

TEST(RepeatedViewTest, IteratorsMove) {
  const int numbers[] = {10, 20, 30, 40};
  const RepeatedView<int> view = ViewOf<int>(numbers, 4);
  auto i = view.begin();
  EXPECT_EQ(*i++, 10);
  EXPECT_EQ(*i, 20);
  EXPECT_EQ(*++i, 30);
  EXPECT_EQ(*--i, 20);
  EXPECT_EQ(*i--, 20);
  EXPECT_EQ(*(i + 3), 40);
  EXPECT_EQ(i[2], 30);
  EXPECT_EQ(view.end() - view.begin(), 4);
  EXPECT_EQ(*(view.end() - 1), 40);
  EXPECT_TRUE(view.begin() < view.end());
  EXPECT_TRUE(view.begin() != view.end());
}

TEST(RepeatedViewTest, NumbersAsAnArray) {
  alignas(8) char bytes[sizeof(float) * 3 + 1];
  const float values[] = {1.5f, -2, 3};
  for (const size_t shift : {0, 1}) {
    std::memcpy(bytes + shift, values, sizeof(values));
    const RepeatedData data = {bytes + shift, 3, 0};
    RepeatedView<float> view;
    std::memcpy(static_cast<void*>(&view), &data, sizeof(data));
    if (shift == 0) {
      ASSERT_NE(view.data(), nullptr);
      EXPECT_EQ(view.data()[2], 3);
    } else {
      EXPECT_EQ(view.data(), nullptr);
    }
    float copied[3] = {};
    view.CopyTo(copied);
    EXPECT_EQ(std::memcmp(copied, values, sizeof(values)), 0);
  }
  RepeatedView<float>().CopyTo(nullptr);
}

}  // namespace
}  // namespace ipmpsc::view
