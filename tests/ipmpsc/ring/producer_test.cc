#include "ipmpsc/internal/ring/producer.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;
using ::ipmpsc::testing::kSmallCapacity;
using ::ipmpsc::testing::TestRing;

constexpr Position kUntouched = 0x5555;

class ProducerAtEdgeTest : public ::testing::TestWithParam<Position> {
 protected:
  ProducerAtEdgeTest() { test_.StartAt(GetParam()); }

  TestRing test_;
  Position start_ = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Edges, ProducerAtEdgeTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(ProducerAtEdgeTest, ClaimMovesTheClaimPositionBySizeAndLeavesTheIntent) {
  Producer producer(test_.ring, 2);
  Position claimed = kUntouched;
  ASSERT_EQ(producer.Claim(192, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_);
  EXPECT_EQ(test_.claim_word(), start_ + 192);
  EXPECT_EQ(test_.release(), start_);
  EXPECT_EQ(test_.intent(2), start_);
  EXPECT_EQ(test_.intent_size(2), 192u);
  EXPECT_NE(test_.stamp(start_), test_.ring.StampOf(start_));
}

TEST_P(ProducerAtEdgeTest, ExactFitFillsTheRing) {
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  ASSERT_EQ(producer.Claim(kSmallCapacity, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity);
  EXPECT_EQ(producer.Claim(64, &claimed), ClaimResult::kFull);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity);
}

TEST_P(ProducerAtEdgeTest, LastLineIsTheLastThatCanBeClaimed) {
  test_.SetPositions(start_, start_ + kSmallCapacity - 64);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(128, &claimed), ClaimResult::kFull);
  EXPECT_EQ(claimed, kUntouched);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity - 64);
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + kSmallCapacity - 64);
}

TEST_P(ProducerAtEdgeTest, FullLeavesNoIntent) {
  test_.SetPositions(start_, start_ + kSmallCapacity);
  test_.SetIntent(1, kNoIntent, 0);
  Producer producer(test_.ring, 1);
  Position claimed;
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kFull);
  EXPECT_EQ(test_.intent(1), kNoIntent);
}

TEST_P(ProducerAtEdgeTest, PayloadWrapsAroundTheEndOfTheData) {
  const Position near_end = (start_ | (kSmallCapacity - 1)) - 63;  // the last line of this lap
  test_.StartAt(near_end);
  Producer producer(test_.ring, 0);
  Position claimed;
  const std::string payload = std::string(48, '-') + "0123456789abcdefGHIJKLMNOPQRSTUV-";
  ASSERT_EQ(producer.Claim(RecordSize(payload.size()), &claimed), ClaimResult::kClaimed);
  std::memcpy(test_.ring.At(claimed) + 16, payload.data(), payload.size());
  producer.Commit(claimed, static_cast<uint32_t>(payload.size()), RecordKind::kMessage);
  // The rest continues at the beginning of the data.
  EXPECT_EQ(std::string(test_.ring.data, payload.size() - 48), payload.substr(48));
  EXPECT_EQ(test_.stamp(near_end), near_end ^ test_.ring.stamp_key);
  EXPECT_EQ(test_.claim(), near_end + 128);
}

TEST_P(ProducerAtEdgeTest, CommitWritesDescriptionAndStamp) {
  Producer producer(test_.ring, 3);
  Position claimed;
  ASSERT_EQ(producer.Claim(RecordSize(20), &claimed), ClaimResult::kClaimed);
  producer.Commit(claimed, 20, RecordKind::kDiscarded);
  EXPECT_EQ(test_.stamp(start_), start_ ^ test_.ring.stamp_key);
  EXPECT_EQ(test_.description(start_).length, 20u);
  EXPECT_EQ(test_.description(start_).sender, 3);
  EXPECT_EQ(test_.description(start_).kind, RecordKind::kDiscarded);
  EXPECT_EQ(test_.description(start_).reserved, 0);
  EXPECT_EQ(test_.intent(3), start_) << "the intent stays: the next claim overwrites it";
}

TEST_P(ProducerAtEdgeTest, StaleReleaseIsLookedUpAgainWhenTheRingSeemsFull) {
  test_.SetPositions(start_, start_ + kSmallCapacity);
  Producer producer(test_.ring, 0);  // remembers `start_`
  test_.SetPositions(start_ + 128, start_ + kSmallCapacity);
  Position claimed;
  ASSERT_EQ(producer.Claim(128, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + kSmallCapacity);
}

TEST_P(ProducerAtEdgeTest, StaleReleaseByMoreThanALapIsNoCorruption) {
  Producer producer(test_.ring, 0);  // remembers `start_`
  const Position later = start_ + 5 * kSmallCapacity;
  test_.SetPositions(later, later + 64);
  Position claimed;
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, later + 64);
}

TEST_P(ProducerAtEdgeTest, ClaimWhenEmptyNeedsEverythingReleased) {
  test_.SetPositions(start_, start_ + 64);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed), ClaimResult::kFull);
  EXPECT_FALSE(producer.HasSpace(64, /*when_empty=*/true));
  EXPECT_TRUE(producer.HasSpace(64, /*when_empty=*/false));
  test_.SetPositions(start_ + 64, start_ + 64);
  EXPECT_TRUE(producer.HasSpace(64, /*when_empty=*/true));
  ASSERT_EQ(producer.ClaimWhenEmpty(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + 64);
}

TEST_P(ProducerAtEdgeTest, HasSpaceAgreesWithClaimOnTheLastBytes) {
  test_.SetPositions(start_, start_ + kSmallCapacity - 128);
  Producer producer(test_.ring, 0);
  EXPECT_TRUE(producer.HasSpace(128, false));
  EXPECT_FALSE(producer.HasSpace(192, false));
  for (const ClaimWord bits : {kClaimTurn, kClaimClosed, kClaimReplaced}) {
    test_.SetPositions(start_, (start_ + kSmallCapacity - 128) | bits);
    EXPECT_TRUE(producer.HasSpace(128, false)) << "bits are no bytes in use";
    EXPECT_FALSE(producer.HasSpace(192, false));
  }
}

TEST_P(ProducerAtEdgeTest, ClaimBehindReleaseIsCorrupt) {
  test_.SetPositions(start_, start_ - 64);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(64, &claimed), ClaimResult::kCorrupt);
  EXPECT_EQ(claimed, kUntouched);
  EXPECT_EQ(test_.claim(), start_ - 64);
  EXPECT_EQ(test_.intent(0), kNoIntent);
  EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed), ClaimResult::kCorrupt);
}

TEST_P(ProducerAtEdgeTest, ClaimMoreThanACapacityAheadIsCorrupt) {
  test_.SetPositions(start_, start_ + kSmallCapacity + 64);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(64, &claimed), ClaimResult::kCorrupt);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity + 64);
  EXPECT_EQ(test_.intent(0), kNoIntent);
}

TEST_P(ProducerAtEdgeTest, UnknownBitsAreCorruptBesideAnyOthers) {
  Producer producer(test_.ring, 0);
  for (ClaimWord bits = 0; bits <= kClaimBits; ++bits) {
    if (bits < 16) continue;  // the known ones and their unions
    test_.SetPositions(start_, start_ | bits);
    for (const TurnBit turn_bit : {TurnBit::kRespect, TurnBit::kKeep, TurnBit::kClear}) {
      Position claimed = kUntouched;
      EXPECT_FALSE(producer.TryFastClaim(64, &claimed));
      EXPECT_EQ(producer.Claim(64, &claimed, turn_bit), ClaimResult::kCorrupt) << bits;
      EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed, turn_bit), ClaimResult::kCorrupt) << bits;
      EXPECT_EQ(claimed, kUntouched);
    }
    EXPECT_EQ(test_.claim_word(), start_ | bits);
    EXPECT_EQ(test_.intent(0), kNoIntent);
  }
}

TEST_P(ProducerAtEdgeTest, UnknownBitsAreCorruptInAFullRing) {
  test_.SetPositions(start_, start_ + kSmallCapacity - 1);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(64, &claimed), ClaimResult::kCorrupt);
  test_.SetPositions(start_, start_ + 64 + 16);
  EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed), ClaimResult::kCorrupt);
  EXPECT_EQ(test_.intent(0), kNoIntent);
}

// The end of the channel.

constexpr ClaimWord kEnds[] = {
    kClaimClosed,
    kClaimReplaced,
    kClaimEnded,
    kClaimClosed | kClaimTurn,
    kClaimReplaced | kClaimTurn,
    kClaimClosed | kClaimEnding,
    kClaimEnded | kClaimEnding | kClaimTurn,
};

TEST_P(ProducerAtEdgeTest, NothingIsClaimedAfterTheEnd) {
  for (const ClaimWord bits : kEnds) {
    test_.SetPositions(start_, (start_ + 64) | bits);
    Producer producer(test_.ring, 0);
    Position claimed = kUntouched;
    EXPECT_FALSE(producer.TryFastClaim(64, &claimed)) << bits;
    for (const TurnBit turn_bit : {TurnBit::kRespect, TurnBit::kKeep, TurnBit::kClear}) {
      test_.SetIntent(0, start_, 64);  // of a claim before
      EXPECT_EQ(producer.Claim(64, &claimed, turn_bit), ClaimResult::kEnded) << bits;
      EXPECT_EQ(test_.intent(0), kNoIntent);
      EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed, turn_bit), ClaimResult::kEnded) << bits;
    }
    EXPECT_EQ(claimed, kUntouched);
    EXPECT_EQ(test_.claim_word(), (start_ + 64) | bits);
  }
}

TEST_P(ProducerAtEdgeTest, FullRingThatHasEndedReportsTheEnd) {
  for (const ClaimWord bits : kEnds) {
    test_.SetPositions(start_, (start_ + kSmallCapacity) | bits);
    Producer producer(test_.ring, 0);
    Position claimed = kUntouched;
    EXPECT_EQ(producer.Claim(64, &claimed), ClaimResult::kEnded) << bits;
    EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed), ClaimResult::kEnded) << bits;
  }
}

// The turn bit.

TEST_P(ProducerAtEdgeTest, ClaimRespectsKeepsOrClearsTheTurnBit) {
  Producer producer(test_.ring, 0);
  test_.SetPositions(start_, start_ | kClaimTurn);
  Position claimed = kUntouched;
  EXPECT_FALSE(producer.TryFastClaim(64, &claimed));
  test_.SetIntent(0, start_ - 64, 64);
  EXPECT_EQ(producer.Claim(64, &claimed, TurnBit::kRespect), ClaimResult::kTurnTaken);
  EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed, TurnBit::kRespect), ClaimResult::kTurnTaken);
  EXPECT_EQ(claimed, kUntouched);
  EXPECT_EQ(test_.intent(0), kNoIntent);
  EXPECT_EQ(test_.claim_word(), start_ | kClaimTurn);

  ASSERT_EQ(producer.Claim(64, &claimed, TurnBit::kKeep), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_) << "a position has no bits";
  EXPECT_EQ(test_.intent(0), start_);
  EXPECT_EQ(test_.claim_word(), (start_ + 64) | kClaimTurn);

  ASSERT_EQ(producer.Claim(128, &claimed, TurnBit::kClear), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + 64);
  EXPECT_EQ(test_.intent(0), start_ + 64);
  EXPECT_EQ(test_.intent_size(0), 128u);
  EXPECT_EQ(test_.claim_word(), start_ + 192);
}

TEST_P(ProducerAtEdgeTest, AnnouncedEndStaysAndDoesNotPreventClaims) {
  Producer producer(test_.ring, 0);
  test_.SetPositions(start_, start_ | kClaimEnding);
  Position claimed = kUntouched;
  EXPECT_FALSE(producer.TryFastClaim(64, &claimed));
  Position next = start_;
  for (const TurnBit turn_bit : {TurnBit::kRespect, TurnBit::kKeep, TurnBit::kClear}) {
    ASSERT_EQ(producer.Claim(64, &claimed, turn_bit), ClaimResult::kClaimed);
    EXPECT_EQ(claimed, next);
    EXPECT_EQ(test_.intent(0), next);
    next += 64;
    EXPECT_EQ(test_.claim_word(), next | kClaimEnding);
  }
  test_.SetPositions(next, next | kClaimEnding | kClaimTurn);
  EXPECT_EQ(producer.Claim(64, &claimed, TurnBit::kRespect), ClaimResult::kTurnTaken);
  ASSERT_EQ(producer.ClaimWhenEmpty(64, &claimed, TurnBit::kKeep), ClaimResult::kClaimed);
  EXPECT_EQ(test_.claim_word(), (next + 64) | kClaimEnding | kClaimTurn);
  ASSERT_EQ(producer.Claim(64, &claimed, TurnBit::kClear), ClaimResult::kClaimed);
  EXPECT_EQ(test_.claim_word(), (next + 128) | kClaimEnding) << "only the turn is given back";
}

TEST_P(ProducerAtEdgeTest, ClearTurnBitStaysClear) {
  Producer producer(test_.ring, 0);
  Position next = start_;
  for (const TurnBit turn_bit : {TurnBit::kRespect, TurnBit::kKeep, TurnBit::kClear}) {
    Position claimed = kUntouched;
    ASSERT_EQ(producer.Claim(64, &claimed, turn_bit), ClaimResult::kClaimed);
    EXPECT_EQ(claimed, next);
    next += 64;
    EXPECT_EQ(test_.claim_word(), next);
  }
}

TEST_P(ProducerAtEdgeTest, ClaimWhenEmptyKeepsOrClearsTheTurnBitToo) {
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  test_.SetPositions(start_, start_ | kClaimTurn);
  ASSERT_EQ(producer.ClaimWhenEmpty(64, &claimed, TurnBit::kKeep), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_);
  EXPECT_EQ(test_.claim_word(), (start_ + 64) | kClaimTurn);
  EXPECT_EQ(producer.ClaimWhenEmpty(64, &claimed, TurnBit::kClear), ClaimResult::kFull);
  EXPECT_EQ(test_.claim_word(), (start_ + 64) | kClaimTurn) << "the turn goes on";
  test_.SetPositions(start_ + 64, test_.claim_word());
  ASSERT_EQ(producer.ClaimWhenEmpty(64, &claimed, TurnBit::kClear), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + 64);
  EXPECT_EQ(test_.claim_word(), start_ + 128);
}

TEST_P(ProducerAtEdgeTest, TheTurnBitOfAFullRingStays) {
  for (const TurnBit turn_bit : {TurnBit::kKeep, TurnBit::kClear}) {
    test_.SetPositions(start_, (start_ + kSmallCapacity) | kClaimTurn);
    Producer producer(test_.ring, 0);
    Position claimed = kUntouched;
    EXPECT_EQ(producer.Claim(64, &claimed, turn_bit), ClaimResult::kFull);
    EXPECT_EQ(test_.claim_word(), (start_ + kSmallCapacity) | kClaimTurn);
  }
}

// Space that belongs to another.

TEST_P(ProducerAtEdgeTest, ClaimLeavesExactlyTheReservedBytesFree) {
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(128, &claimed, TurnBit::kRespect, kSmallCapacity - 64),
            ClaimResult::kFull);
  EXPECT_EQ(producer.Claim(64, &claimed, TurnBit::kRespect, kSmallCapacity), ClaimResult::kFull);
  EXPECT_EQ(claimed, kUntouched);
  ASSERT_EQ(producer.Claim(128, &claimed, TurnBit::kRespect, kSmallCapacity - 128),
            ClaimResult::kClaimed);
  EXPECT_EQ(producer.Claim(64, &claimed, TurnBit::kRespect, kSmallCapacity - 128),
            ClaimResult::kFull);
  EXPECT_EQ(test_.claim_word(), start_ + 128);
  ASSERT_EQ(producer.Claim(64, &claimed, TurnBit::kRespect, kSmallCapacity - 192),
            ClaimResult::kClaimed);
}

TEST_P(ProducerAtEdgeTest, AnyReservationOfAPeerDoesNotOverflow) {
  // `turn_size` can be any number.
  Producer producer(test_.ring, 0);
  for (const uint64_t reserved : {kSmallCapacity - 63, kSmallCapacity, kSmallCapacity + 1,
                                  uint64_t{1} << 63, ~uint64_t{0} - 63, ~uint64_t{0}}) {
    Position claimed = kUntouched;
    EXPECT_EQ(producer.Claim(64, &claimed, TurnBit::kKeep, reserved), ClaimResult::kFull)
        << reserved;
    EXPECT_EQ(test_.claim_word(), start_);
  }
}

// The fast claim.

TEST_P(ProducerAtEdgeTest, FastClaimActsLikeClaim) {
  Producer producer(test_.ring, 1);
  Position claimed = kUntouched;
  ASSERT_TRUE(producer.TryFastClaim(192, &claimed));
  EXPECT_EQ(claimed, start_);
  EXPECT_EQ(test_.claim_word(), start_ + 192);
  EXPECT_EQ(test_.intent(1), start_);
  EXPECT_EQ(test_.intent_size(1), 192u);
}

TEST_P(ProducerAtEdgeTest, FastClaimEndsAtTheKnownRelease) {
  Producer producer(test_.ring, 1);  // remembers `start_`
  test_.SetPositions(start_ + 128, start_ + kSmallCapacity - 64);
  Position claimed = kUntouched;
  EXPECT_FALSE(producer.TryFastClaim(128, &claimed));
  EXPECT_EQ(claimed, kUntouched);
  EXPECT_EQ(test_.claim_word(), start_ + kSmallCapacity - 64);
  ASSERT_TRUE(producer.TryFastClaim(64, &claimed));
  EXPECT_EQ(claimed, start_ + kSmallCapacity - 64);
  EXPECT_FALSE(producer.TryFastClaim(64, &claimed));
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed) << "looks for the release";
  ASSERT_TRUE(producer.TryFastClaim(64, &claimed));
  EXPECT_EQ(test_.claim_word(), start_ + kSmallCapacity + 128);
}

TEST_P(ProducerAtEdgeTest, TheFastClaimRefusesAPositionBehindTheRelease) {
  test_.SetPositions(start_, start_ - 64);
  Producer producer(test_.ring, 1);
  Position claimed = kUntouched;
  EXPECT_FALSE(producer.TryFastClaim(64, &claimed));
  EXPECT_EQ(test_.claim_word(), start_ - 64);
}

// Counters.

TEST_P(ProducerAtEdgeTest, HighWaterMarkIsTheLargestObservedUse) {
  test_.SetPositions(start_, start_ + kSmallCapacity - 128);
  Producer producer(test_.ring, 2);
  std::atomic<uint64_t>& mark = test_.ring.sender_slots[2].high_water;
  Position claimed;
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(mark, 0u) << "there was no need to look";
  ASSERT_EQ(producer.Claim(128, &claimed), ClaimResult::kFull);
  EXPECT_EQ(mark, kSmallCapacity - 64);
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kFull);
  EXPECT_EQ(mark, kSmallCapacity);
  test_.SetPositions(start_ + kSmallCapacity, (start_ + kSmallCapacity + 64) | kClaimTurn);
  ASSERT_EQ(producer.Claim(64, &claimed, TurnBit::kKeep), ClaimResult::kClaimed);
  EXPECT_EQ(mark, kSmallCapacity) << "it never falls";
  EXPECT_EQ(test_.ring.sender_slots[0].high_water, 0u);
  EXPECT_EQ(test_.ring.sender_slots[2].lost_races, 0u);
}

TEST_P(ProducerAtEdgeTest, CorruptPositionsRaiseNoMark) {
  test_.SetPositions(start_, start_ + kSmallCapacity + 64);
  Producer producer(test_.ring, 2);
  Position claimed;
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kCorrupt);
  EXPECT_EQ(test_.ring.sender_slots[2].high_water, 0u);
}

TEST(ProducerTest, ZeroSizedPayloadTakesOneLine) {
  TestRing test;
  Producer producer(test.ring, 0);
  Position claimed;
  ASSERT_EQ(producer.Claim(RecordSize(0), &claimed), ClaimResult::kClaimed);
  producer.Commit(claimed, 0, RecordKind::kMessage);
  EXPECT_EQ(test.claim(), 64u);
  EXPECT_EQ(test.description(0).length, 0u);
}

TEST(ProducerTest, LongestPayloadOfTheRingFillsItToTheLastByte) {
  TestRing test;
  Producer producer(test.ring, 0);
  Position claimed;
  ASSERT_EQ(producer.Claim(RecordSize(kSmallCapacity - 16), &claimed), ClaimResult::kClaimed);
  std::memset(test.ring.At(claimed) + 16, 'x', kSmallCapacity - 16);
  producer.Commit(claimed, kSmallCapacity - 16, RecordKind::kMessage);
  EXPECT_EQ(test.stamp(0), test.ring.StampOf(0)) << "the payload reached into the header";
}

TEST(ProducerTest, ANewOwnersFirstClaimOverwritesTheIntentOfItsLast) {
  TestRing test;
  Producer producer(test.ring, 0);
  Position claimed;
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  producer.Commit(claimed, 0, RecordKind::kMessage);
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(test.intent(0), 64u);
  EXPECT_EQ(test.intent_size(0), 64u);
}

TEST(ProducerTest, ClearIntentLeavesTheSizeAndMakesThePositionNone) {
  TestRing test;
  test.SetIntent(1, 4096, 64);
  Producer producer(test.ring, 1);
  producer.ClearIntent();
  EXPECT_EQ(test.intent(1), kNoIntent);
}

TEST(ProducerTest, CountersCountMessagesAndPayloadOverAllOwners) {
  TestRing test;
  test.ring.sender_slots[1].sent_records = 5;
  test.ring.sender_slots[1].sent_bytes = 100;
  Producer producer(test.ring, 1);
  producer.CountSent(1, 7);
  producer.CountSent(1, 0);
  EXPECT_EQ(test.ring.sender_slots[1].sent_records, 7u);
  EXPECT_EQ(test.ring.sender_slots[1].sent_bytes, 107u);
  EXPECT_EQ(test.ring.sender_slots[0].sent_records, 0u);
}

}  // namespace
}  // namespace ipmpsc::internal
