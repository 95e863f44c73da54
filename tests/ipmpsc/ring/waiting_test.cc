#include "ipmpsc/internal/ring/waiting.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;

class WaitingTest : public ::testing::Test {
 protected:
  WaitingTest() {
    control_.flags = 0;
    control_.receiver_wait = 0;
    control_.senders_wait = 0;
  }

  ControlBlock control_;
};

TEST_F(WaitingTest, ReceiversWordIsNeverZero) {
  for (const Position position : kEdgePositions) EXPECT_NE(ReceiverWaitWord(position), 0u);
  // Where the shifted position is zero in 32 bits.
  EXPECT_NE(ReceiverWaitWord(uint64_t{1} << 35), 0u);
  EXPECT_NE(ReceiverWaitWord(uint64_t{1} << 36), 0u);
}

TEST_F(WaitingTest, WordsOfPositionsLessThan2To35ApartDiffer) {
  for (const Position position : kEdgePositions) {
    EXPECT_NE(ReceiverWaitWord(position), ReceiverWaitWord(position + 16));
    EXPECT_NE(ReceiverWaitWord(position), ReceiverWaitWord(position + (uint64_t{1} << 32)));
    EXPECT_NE(ReceiverWaitWord(position), ReceiverWaitWord(position + (uint64_t{1} << 34)));
    EXPECT_EQ(ReceiverWaitWord(position), ReceiverWaitWord(position + (uint64_t{1} << 35)));
  }
}

TEST_F(WaitingTest, OnlyTheSenderOfTheAwaitedPositionWakesTheReceiverAndOnlyOnce) {
  for (const Position position : kEdgePositions) {
    EXPECT_FALSE(MustWakeReceiver(&control_, position)) << "nobody sleeps";
    const uint32_t word = AnnounceReceiverWait(&control_, position);
    EXPECT_EQ(control_.receiver_wait, word);
    EXPECT_EQ(word, ReceiverWaitWord(position));
    EXPECT_FALSE(MustWakeReceiver(&control_, position + 16));
    EXPECT_FALSE(MustWakeReceiver(&control_, position - 16));
    EXPECT_EQ(control_.receiver_wait, word);
    EXPECT_TRUE(MustWakeReceiver(&control_, position));
    EXPECT_EQ(control_.receiver_wait, 0u) << "the word must change, or the futex goes on sleeping";
    EXPECT_FALSE(MustWakeReceiver(&control_, position));
  }
}

TEST_F(WaitingTest, AWithdrawnWaitWakesNobody) {
  AnnounceReceiverWait(&control_, 64);
  WithdrawReceiverWait(&control_);
  EXPECT_EQ(control_.receiver_wait, 0u);
  EXPECT_FALSE(MustWakeReceiver(&control_, 64));
}

TEST_F(WaitingTest, TheFirstReleaseWakesAllWaitingSendersAndChangesTheirWord) {
  EXPECT_FALSE(MustWakeSenders(&control_));
  EXPECT_EQ(control_.senders_wait, 0u);
  const uint32_t word = AnnounceSenderWait(&control_);
  EXPECT_EQ(AnnounceSenderWait(&control_), word) << "a second one sleeps on the same word";
  EXPECT_EQ(control_.senders_wait, word);
  EXPECT_TRUE(MustWakeSenders(&control_));
  EXPECT_NE(control_.senders_wait, word);
  EXPECT_FALSE(MustWakeSenders(&control_)) << "they are awake";
  EXPECT_NE(AnnounceSenderWait(&control_), word) << "or a late sleeper would miss the wake";
}

TEST_F(WaitingTest, TheCountOfWakesWrapsWithoutLosingTheBit) {
  control_.senders_wait = 0xfffffffe;
  const uint32_t word = AnnounceSenderWait(&control_);
  EXPECT_EQ(word, 0xffffffffu);
  EXPECT_TRUE(MustWakeSenders(&control_));
  EXPECT_EQ(control_.senders_wait, 0u);
  EXPECT_FALSE(MustWakeSenders(&control_));
}

TEST_F(WaitingTest, FullBarriersAreAskedForOnceAndForAllWithoutTouchingOtherFlags) {
  control_.flags = kFlagClosed;
  EXPECT_FALSE(HasFullBarriers(control_));
  WakerBarrier(control_);
  RequireFullBarriers(&control_);
  EXPECT_TRUE(HasFullBarriers(control_));
  EXPECT_EQ(control_.flags, kFlagClosed | kFlagFullBarrier);
  WakerBarrier(control_);
}

}  // namespace
}  // namespace ipmpsc::internal
