#include "ipmpsc/internal/ring/turn.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/control.h"

namespace ipmpsc::internal {
namespace {

constexpr int64_t kNow = 1'000'000'000'000;

class TurnTest : public ::testing::Test {
 protected:
  bool MustWait(uint16_t slot, int64_t now) const {
    return IsTurnOfAnother(control_.turn.load(), slot, now);
  }

  ControlBlock control_ = {};
};

TEST_F(TurnTest, HasNoHolderAtFirst) {
  EXPECT_FALSE(MustWait(0, kNow));
  EndTurn(&control_, 0);
  EXPECT_EQ(control_.turn, 0u);
}

TEST_F(TurnTest, HoldsTheOthersBackUntilItIsReleased) {
  EXPECT_TRUE(TakeTurn(&control_, 3, 512, kNow));
  EXPECT_FALSE(MustWait(3, kNow));
  EXPECT_TRUE(MustWait(2, kNow));
  EXPECT_TRUE(MustWait(4095, kNow));
  EXPECT_FALSE(TakeTurn(&control_, 2, 64, kNow));
  EndTurn(&control_, 2);  // not its own
  EXPECT_TRUE(MustWait(2, kNow));
  EndTurn(&control_, 3);
  EXPECT_FALSE(MustWait(2, kNow));
  EXPECT_TRUE(TakeTurn(&control_, 2, 64, kNow));
}

TEST_F(TurnTest, RunsOutByItself) {
  ASSERT_TRUE(TakeTurn(&control_, 3, 512, kNow));
  EXPECT_TRUE(MustWait(2, kNow + kTurnDuration / 2));
  EXPECT_FALSE(MustWait(2, kNow + kTurnDuration + 1));
  EXPECT_TRUE(TakeTurn(&control_, 2, 64, kNow + kTurnDuration + 1));
  EndTurn(&control_, 3);  // lost
  EXPECT_TRUE(MustWait(3, kNow + kTurnDuration + 2));
}

TEST_F(TurnTest, CanBeExtended) {
  ASSERT_TRUE(TakeTurn(&control_, 3, 512, kNow));
  ASSERT_TRUE(TakeTurn(&control_, 3, 512, kNow + kTurnDuration / 2));
  EXPECT_TRUE(MustWait(2, kNow + kTurnDuration + 1));
}

TEST_F(TurnTest, TakeSetsTheBitAndReleaseClearsIt) {
  control_.claim_word = 640;
  ASSERT_TRUE(TakeTurn(&control_, 3, 512, kNow));
  EXPECT_EQ(control_.claim_word, 640 | kClaimTurn);
  EXPECT_EQ(control_.turn_size, 512u);
  EXPECT_FALSE(TakeTurn(&control_, 2, 64, kNow));
  EXPECT_EQ(control_.turn_size, 512u) << "not its own";
  EndTurn(&control_, 2);
  EXPECT_EQ(control_.claim_word, 640 | kClaimTurn);
  EndTurn(&control_, 3);
  EXPECT_EQ(control_.claim_word, 640u);
  EXPECT_EQ(control_.turn, 0u);
}

TEST_F(TurnTest, TheEndOfTheChannelIsNeverTouched) {
  for (const ClaimWord end :
       {kClaimClosed, kClaimReplaced, kClaimEnded, kClaimEnding, kClaimEnding | kClaimClosed}) {
    control_.claim_word = 640 | end;
    ASSERT_TRUE(TakeTurn(&control_, 3, 512, kNow));
    EXPECT_EQ(control_.claim_word, 640 | end | kClaimTurn);
    EndTurn(&control_, 3);
    EXPECT_EQ(control_.claim_word, 640 | end);
    ClearTurnBit(&control_);
    EXPECT_EQ(control_.claim_word, 640 | end);
  }
}

TEST_F(TurnTest, OthersOweTheHolderItsSizeUntilItsTurnEnds) {
  EXPECT_EQ(SpaceOwedToTurn(&control_, 2, kNow), 0u);
  ASSERT_TRUE(TakeTurn(&control_, 3, 512, kNow));
  EXPECT_EQ(SpaceOwedToTurn(&control_, 2, kNow), 512u);
  EXPECT_EQ(SpaceOwedToTurn(&control_, 3, kNow), 0u) << "its own";
  EXPECT_TRUE(HasTurnBit(control_.claim_word)) << "its own turn goes on";
  EXPECT_EQ(SpaceOwedToTurn(&control_, 2, kNow + kTurnDuration / 2), 512u);
  EXPECT_TRUE(HasTurnBit(control_.claim_word));
  // The first sender that checks after the turn's end clears the bit.
  EXPECT_EQ(SpaceOwedToTurn(&control_, 2, kNow + kTurnDuration + 1), 0u);
  EXPECT_FALSE(HasTurnBit(control_.claim_word));
}

TEST_F(TurnTest, FirstSenderClearsABitWithoutATurn) {
  control_.claim_word = 640 | kClaimTurn;
  EXPECT_EQ(SpaceOwedToTurn(&control_, 2, kNow), 0u);
  EXPECT_EQ(control_.claim_word, 640u);
}

TEST_F(TurnTest, ExtendedTurnMayHaveAnotherSize) {
  ASSERT_TRUE(TakeTurn(&control_, 3, 512, kNow));
  ClearTurnBit(&control_);  // lost to a sender that cleared the turn before
  ASSERT_TRUE(TakeTurn(&control_, 3, 1024, kNow + 1));
  EXPECT_TRUE(HasTurnBit(control_.claim_word));
  EXPECT_EQ(SpaceOwedToTurn(&control_, 2, kNow + 2), 1024u);
}

// No value from a peer has a longer effect.
TEST_F(TurnTest, NoTurnWordHoldsASenderBackLongerThanATurn) {
  for (const uint64_t word :
       {~uint64_t{0}, uint64_t{1} << 63, TurnWord(3, kNow + 2 * kTurnDuration), uint64_t{4},
        TurnWord(3, kNow - 1), TurnWord(3, INT64_MAX), TurnWord(65534, kNow + 2 * kTurnDuration)}) {
    control_.turn = word;
    EXPECT_FALSE(MustWait(2, kNow)) << word;
    EXPECT_EQ(SpaceOwedToTurn(&control_, 2, kNow), 0u) << word;
    EXPECT_TRUE(TakeTurn(&control_, 2, 64, kNow)) << word;
  }
}

}  // namespace
}  // namespace ipmpsc::internal
