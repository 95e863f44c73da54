#include "ipmpsc/internal/ring/position.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace ipmpsc::internal {
namespace {

constexpr Position kTop = ~Position{0};

TEST(PositionTest, OrderFollowsTheSequenceAcross2To64) {
  EXPECT_TRUE(IsBefore(0, 64));
  EXPECT_FALSE(IsBefore(64, 0));
  EXPECT_TRUE(IsBefore((uint64_t{1} << 32) - 64, uint64_t{1} << 32));
  EXPECT_TRUE(IsBefore((uint64_t{1} << 63) - 64, uint64_t{1} << 63));
  EXPECT_TRUE(IsBefore(kTop - 63, 0));
  EXPECT_FALSE(IsBefore(0, kTop - 63));
}

TEST(PositionTest, PositionIsNotBeforeItself) {
  for (const Position position : {Position{0}, Position{1} << 63, kTop - 63}) {
    EXPECT_FALSE(IsBefore(position, position));
  }
}

TEST(PositionTest, OrderHoldsUpToHalfTheRange) {
  EXPECT_TRUE(IsBefore(0, (uint64_t{1} << 63) - 1));
  EXPECT_TRUE(IsBefore(5, 5 + (uint64_t{1} << 63) - 1));
}

TEST(PositionTest, OnlyMultiplesOf64AreAligned) {
  for (Position position = 0; position < 256; ++position) {
    EXPECT_EQ(IsAligned(position),
              position == 0 || position == 64 || position == 128 || position == 192)
        << position;
  }
  EXPECT_TRUE(IsAligned(kTop - 63));
}

TEST(PositionTest, NoIntentIsNotAPositionOfARecord) { EXPECT_FALSE(IsAligned(kNoIntent)); }

}  // namespace
}  // namespace ipmpsc::internal
