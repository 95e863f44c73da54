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
    control_.claim_wait = 0;
    control_.senders_wait = 0;
  }

  ControlBlock control_;
};

TEST_F(WaitingTest, ReceiversWordIsNeverZero) {
  for (const Position position : kEdgePositions) EXPECT_NE(ReceiverWaitWord(position), 0u);
  // Positions whose shifted value is zero in 32 bits.
  EXPECT_NE(ReceiverWaitWord(uint64_t{1} << 37), 0u);
  EXPECT_NE(ReceiverWaitWord(uint64_t{1} << 38), 0u);
}

TEST_F(WaitingTest, WordsOfPositionsLessThan2To37ApartDiffer) {
  for (const Position position : kEdgePositions) {
    EXPECT_NE(ReceiverWaitWord(position), ReceiverWaitWord(position + 64));
    EXPECT_NE(ReceiverWaitWord(position), ReceiverWaitWord(position + (uint64_t{1} << 32)));
    EXPECT_NE(ReceiverWaitWord(position), ReceiverWaitWord(position + (uint64_t{1} << 36)));
    EXPECT_EQ(ReceiverWaitWord(position), ReceiverWaitWord(position + (uint64_t{1} << 37)));
  }
}

TEST_F(WaitingTest, OnlyTheSenderOfTheAwaitedPositionWakesTheReceiverAndOnlyOnce) {
  for (const Position position : kEdgePositions) {
    EXPECT_FALSE(MustWakeReceiver(&control_, position)) << "nobody sleeps";
    const uint32_t word = AnnounceReceiverWait(&control_, position);
    EXPECT_EQ(control_.receiver_wait, word);
    EXPECT_EQ(word, ReceiverWaitWord(position));
    EXPECT_FALSE(MustWakeReceiver(&control_, position + 64));
    EXPECT_FALSE(MustWakeReceiver(&control_, position - 64));
    EXPECT_EQ(control_.receiver_wait, word);
    EXPECT_TRUE(MustWakeReceiver(&control_, position));
    EXPECT_EQ(control_.receiver_wait, 0u) << "the word must change, or the futex goes on sleeping";
    EXPECT_FALSE(MustWakeReceiver(&control_, position));
  }
}

TEST_F(WaitingTest, WithdrawnWaitCausesNoWake) {
  AnnounceReceiverWait(&control_, 64);
  WithdrawReceiverWait(&control_);
  EXPECT_EQ(control_.receiver_wait, 0u);
  EXPECT_FALSE(MustWakeReceiver(&control_, 64));
}

TEST_F(WaitingTest, AWaitForAClaimIsAnsweredOnceByItsNumber) {
  EXPECT_EQ(ClaimWaitAnnounced(control_), 0u);
  const uint64_t number = (uint64_t{3} << 32) | 7;
  AnnounceClaimWait(&control_, number);
  EXPECT_EQ(ClaimWaitAnnounced(control_), number) << "all 64 bits";
  EXPECT_EQ(control_.receiver_wait, 0u);
  AnswerClaimWait(&control_, number);
  EXPECT_EQ(ClaimWaitAnnounced(control_), 0u);
}

TEST_F(WaitingTest, LateAnswerKeepsALaterAnnouncement) {
  AnnounceClaimWait(&control_, 7);
  const uint64_t seen_by_slow_sender = ClaimWaitAnnounced(control_);
  AnswerClaimWait(&control_, 7);  // by a quick one
  for (const uint64_t later : {uint64_t{8}, (uint64_t{1} << 32) | 7}) {
    AnnounceClaimWait(&control_, later);
    AnswerClaimWait(&control_, seen_by_slow_sender);
    EXPECT_EQ(ClaimWaitAnnounced(control_), later) << "nobody would wake that sleep";
  }
}

TEST_F(WaitingTest, AnAnswerWhereNothingIsAnnouncedChangesNothing) {
  AnswerClaimWait(&control_, 7);
  EXPECT_EQ(ClaimWaitAnnounced(control_), 0u);
}

TEST_F(WaitingTest, EitherAnnouncementSaysThatTheReceiverWaitsAndBothAreWithdrawn) {
  EXPECT_FALSE(IsReceiverWaiting(control_));
  AnnounceClaimWait(&control_, 7);
  EXPECT_TRUE(IsReceiverWaiting(control_));
  WithdrawReceiverWait(&control_);
  EXPECT_FALSE(IsReceiverWaiting(control_));
  AnnounceReceiverWait(&control_, 64);
  EXPECT_TRUE(IsReceiverWaiting(control_));
  AnnounceClaimWait(&control_, 8);
  WithdrawReceiverWait(&control_);
  EXPECT_FALSE(IsReceiverWaiting(control_));
  EXPECT_EQ(control_.receiver_wait, 0u);
  EXPECT_EQ(control_.claim_wait, 0u);
}

TEST_F(WaitingTest, ACommitElsewhereLeavesAWaitForAClaimAlone) {
  AnnounceClaimWait(&control_, 7);
  EXPECT_FALSE(MustWakeReceiver(&control_, 64));
  EXPECT_EQ(ClaimWaitAnnounced(control_), 7u);
}

TEST_F(WaitingTest, ClaimsAndEndsShowInTheHalfOfTheWordThatTheReceiverSleepsOn) {
  for (const Position position : kEdgePositions) {
    control_.claim_word = position;
    const uint32_t before = *LowHalfOfClaimWord(&control_);
    EXPECT_EQ(before, static_cast<uint32_t>(position));
    control_.claim_word.fetch_add(64);
    EXPECT_NE(*LowHalfOfClaimWord(&control_), before);
    control_.claim_word = position | kClaimClosed;
    EXPECT_NE(*LowHalfOfClaimWord(&control_), before);
  }
}

TEST_F(WaitingTest, SendersThatWaitAreSeenUntilTheyAreWoken) {
  EXPECT_FALSE(AreSendersWaiting(control_));
  AnnounceSenderWait(&control_);
  EXPECT_TRUE(AreSendersWaiting(control_));
  EXPECT_TRUE(MustWakeSenders(&control_));
  EXPECT_FALSE(AreSendersWaiting(control_));
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

TEST_F(WaitingTest, RequestForFullBarriersStaysAndKeepsOtherFlags) {
  control_.flags = 0x80;
  EXPECT_FALSE(HasFullBarriers(control_));
  WakerBarrier(control_);
  RequireFullBarriers(&control_);
  EXPECT_TRUE(HasFullBarriers(control_));
  EXPECT_EQ(control_.flags, 0x80 | kFlagFullBarrier);
  WakerBarrier(control_);
}

}  // namespace
}  // namespace ipmpsc::internal
