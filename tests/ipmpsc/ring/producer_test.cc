#include "ipmpsc/internal/ring/producer.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include "gtest/gtest.h"
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
  ASSERT_EQ(producer.Claim(48, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_);
  EXPECT_EQ(test_.claim(), start_ + 48);
  EXPECT_EQ(test_.release(), start_);
  EXPECT_EQ(test_.intent(2), start_);
  EXPECT_EQ(test_.intent_size(2), 48u);
  EXPECT_NE(test_.stamp(start_), test_.ring.StampOf(start_));
}

TEST_P(ProducerAtEdgeTest, ExactFitFillsTheRing) {
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  ASSERT_EQ(producer.Claim(kSmallCapacity, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity);
  EXPECT_EQ(producer.Claim(16, &claimed), ClaimResult::kFull);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity);
}

TEST_P(ProducerAtEdgeTest, TheLast16BytesAreClaimedAndNotOneByteMore) {
  test_.SetPositions(start_, start_ + kSmallCapacity - 16);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(32, &claimed), ClaimResult::kFull);
  EXPECT_EQ(claimed, kUntouched);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity - 16);
  ASSERT_EQ(producer.Claim(16, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + kSmallCapacity - 16);
}

TEST_P(ProducerAtEdgeTest, FullLeavesNoIntent) {
  test_.SetPositions(start_, start_ + kSmallCapacity);
  test_.SetIntent(1, kNoIntent, 0);
  Producer producer(test_.ring, 1);
  Position claimed;
  ASSERT_EQ(producer.Claim(16, &claimed), ClaimResult::kFull);
  EXPECT_EQ(test_.intent(1), kNoIntent);
}

TEST_P(ProducerAtEdgeTest, PayloadThatRunsOverTheEndOfTheDataGoesOnAtItsBeginning) {
  const Position near_end =
      (start_ | (kSmallCapacity - 1)) - 15;  // the last record header of this lap
  test_.StartAt(near_end);
  Producer producer(test_.ring, 0);
  Position claimed;
  const std::string payload = "0123456789abcdefGHIJKLMNOPQRSTUV-";
  ASSERT_EQ(producer.Claim(RecordSize(payload.size()), &claimed), ClaimResult::kClaimed);
  std::memcpy(test_.ring.At(claimed) + 16, payload.data(), payload.size());
  producer.Commit(claimed, static_cast<uint32_t>(payload.size()), RecordKind::kMessage);
  // The same bytes at the very beginning of the data.
  EXPECT_EQ(std::string(test_.ring.data, payload.size()), payload);
  EXPECT_EQ(test_.stamp(near_end), near_end ^ test_.ring.stamp_key);
  EXPECT_EQ(test_.claim(), near_end + 64);
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
  test_.SetPositions(start_ + 32, start_ + kSmallCapacity);
  Position claimed;
  ASSERT_EQ(producer.Claim(32, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + kSmallCapacity);
}

TEST_P(ProducerAtEdgeTest, StaleReleaseByMoreThanALapIsNoCorruption) {
  Producer producer(test_.ring, 0);  // remembers `start_`
  const Position later = start_ + 5 * kSmallCapacity;
  test_.SetPositions(later, later + 64);
  Position claimed;
  ASSERT_EQ(producer.Claim(16, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, later + 64);
}

TEST_P(ProducerAtEdgeTest, ClaimWhenEmptyWantsEverythingReleased) {
  test_.SetPositions(start_, start_ + 16);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.ClaimWhenEmpty(16, &claimed), ClaimResult::kFull);
  EXPECT_FALSE(producer.HasSpace(16, /*when_empty=*/true));
  EXPECT_TRUE(producer.HasSpace(16, /*when_empty=*/false));
  test_.SetPositions(start_ + 16, start_ + 16);
  EXPECT_TRUE(producer.HasSpace(16, /*when_empty=*/true));
  ASSERT_EQ(producer.ClaimWhenEmpty(16, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, start_ + 16);
}

TEST_P(ProducerAtEdgeTest, HasSpaceAgreesWithClaimOnTheLastBytes) {
  test_.SetPositions(start_, start_ + kSmallCapacity - 32);
  Producer producer(test_.ring, 0);
  EXPECT_TRUE(producer.HasSpace(32, false));
  EXPECT_FALSE(producer.HasSpace(48, false));
}

TEST_P(ProducerAtEdgeTest, ClaimBehindReleaseIsCorrupt) {
  test_.SetPositions(start_, start_ - 16);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(16, &claimed), ClaimResult::kCorrupt);
  EXPECT_EQ(claimed, kUntouched);
  EXPECT_EQ(test_.claim(), start_ - 16);
  EXPECT_EQ(test_.intent(0), kNoIntent);
  EXPECT_EQ(producer.ClaimWhenEmpty(16, &claimed), ClaimResult::kCorrupt);
}

TEST_P(ProducerAtEdgeTest, ClaimMoreThanACapacityAheadIsCorrupt) {
  test_.SetPositions(start_, start_ + kSmallCapacity + 16);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(16, &claimed), ClaimResult::kCorrupt);
  EXPECT_EQ(test_.claim(), start_ + kSmallCapacity + 16);
  EXPECT_EQ(test_.intent(0), kNoIntent);
}

TEST_P(ProducerAtEdgeTest, UnalignedClaimIsCorrupt) {
  for (const uint64_t off : {1, 8, 15}) {
    test_.SetPositions(start_, start_ + off);
    Producer producer(test_.ring, 0);
    Position claimed = kUntouched;
    EXPECT_EQ(producer.Claim(16, &claimed), ClaimResult::kCorrupt) << off;
    EXPECT_EQ(test_.claim(), start_ + off);
    EXPECT_EQ(test_.intent(0), kNoIntent);
  }
}

TEST_P(ProducerAtEdgeTest, UnalignedClaimIsCorruptAlsoWhereItLooksFull) {
  test_.SetPositions(start_, start_ + kSmallCapacity - 1);
  Producer producer(test_.ring, 0);
  Position claimed = kUntouched;
  EXPECT_EQ(producer.Claim(16, &claimed), ClaimResult::kCorrupt);
  test_.SetPositions(start_, start_ + 1);
  EXPECT_EQ(producer.ClaimWhenEmpty(16, &claimed), ClaimResult::kCorrupt);
  EXPECT_EQ(test_.intent(0), kNoIntent);
}

TEST(ProducerTest, ZeroSizedPayloadTakes16Bytes) {
  TestRing test;
  Producer producer(test.ring, 0);
  Position claimed;
  ASSERT_EQ(producer.Claim(RecordSize(0), &claimed), ClaimResult::kClaimed);
  producer.Commit(claimed, 0, RecordKind::kMessage);
  EXPECT_EQ(test.claim(), 16u);
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
  ASSERT_EQ(producer.Claim(16, &claimed), ClaimResult::kClaimed);
  producer.Commit(claimed, 0, RecordKind::kMessage);
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(test.intent(0), 16u);
  EXPECT_EQ(test.intent_size(0), 64u);
}

TEST(ProducerTest, ClearIntentLeavesTheSizeAndMakesThePositionNone) {
  TestRing test;
  test.SetIntent(1, 4096, 32);
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
