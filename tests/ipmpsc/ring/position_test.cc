#include "ipmpsc/internal/ring/position.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace ipmpsc::internal {
namespace {

constexpr Position kTop = ~Position{0};

TEST(PositionTest, OrderIsThatOfTheSequenceAlsoAcross2To64) {
  EXPECT_TRUE(IsBefore(0, 16));
  EXPECT_FALSE(IsBefore(16, 0));
  EXPECT_TRUE(IsBefore((uint64_t{1} << 32) - 16, uint64_t{1} << 32));
  EXPECT_TRUE(IsBefore((uint64_t{1} << 63) - 16, uint64_t{1} << 63));
  EXPECT_TRUE(IsBefore(kTop - 15, 0));
  EXPECT_FALSE(IsBefore(0, kTop - 15));
}

TEST(PositionTest, APositionIsNotBeforeItself) {
  for (const Position position : {Position{0}, Position{1} << 63, kTop - 15}) {
    EXPECT_FALSE(IsBefore(position, position));
  }
}

TEST(PositionTest, OrderHoldsUpToHalfTheRange) {
  EXPECT_TRUE(IsBefore(0, (uint64_t{1} << 63) - 1));
  EXPECT_TRUE(IsBefore(5, 5 + (uint64_t{1} << 63) - 1));
}

TEST(PositionTest, OnlyMultiplesOf16AreAligned) {
  for (Position position = 0; position < 64; ++position) {
    EXPECT_EQ(IsAligned(position),
              position == 0 || position == 16 || position == 32 || position == 48)
        << position;
  }
  EXPECT_TRUE(IsAligned(kTop - 15));
}

TEST(PositionTest, NoIntentIsNoRecordsPosition) { EXPECT_FALSE(IsAligned(kNoIntent)); }

}  // namespace
}  // namespace ipmpsc::internal
