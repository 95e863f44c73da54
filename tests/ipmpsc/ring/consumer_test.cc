#include "ipmpsc/internal/ring/consumer.h"

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

constexpr uint8_t kMessage = 1;
constexpr uint8_t kDiscarded = 2;

RecordDescription Describe(uint32_t length, uint16_t sender = 0, uint8_t kind = kMessage,
                           uint8_t reserved = 0) {
  return {length, sender, static_cast<RecordKind>(kind), reserved};
}

class ConsumerAtEdgeTest : public ::testing::TestWithParam<Position> {
 protected:
  ConsumerAtEdgeTest() { test_.StartAt(GetParam()); }

  // Takes, and expects that nothing moved.
  void ExpectStays(Consumer* consumer, TakeResult expected) {
    const Position head = consumer->head();
    TakenRecord taken = {1, nullptr, 2, 3};
    EXPECT_EQ(consumer->Take(&taken), expected);
    EXPECT_EQ(consumer->head(), head);
    EXPECT_EQ(taken.position, 1u);
    EXPECT_EQ(taken.payload, nullptr);
  }

  TestRing test_;
  Position start_ = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Edges, ConsumerAtEdgeTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(ConsumerAtEdgeTest, NothingCommittedIsNone) {
  Consumer consumer(test_.ring, start_);
  EXPECT_FALSE(consumer.HasCommitted());
  ExpectStays(&consumer, TakeResult::kNone);
}

TEST_P(ConsumerAtEdgeTest, TakesWhatLiesThere) {
  test_.SetRecord(start_, Describe(20, 3));
  std::memcpy(test_.ring.At(start_) + 16, "twenty bytes exactly", 20);
  Consumer consumer(test_.ring, start_);
  EXPECT_TRUE(consumer.HasCommitted());
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.position, start_);
  EXPECT_EQ(taken.sender, 3);
  EXPECT_EQ(std::string(taken.payload, taken.length), "twenty bytes exactly");
  EXPECT_EQ(consumer.head(), start_ + 48);
  EXPECT_EQ(consumer.released(), start_);
  EXPECT_EQ(test_.release(), start_) << "taking is not releasing";
}

TEST_P(ConsumerAtEdgeTest, RecordThatFillsTheWholeRingIsTaken) {
  test_.SetRecord(start_, Describe(kSmallCapacity - 16));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.length, kSmallCapacity - 16);
  EXPECT_EQ(consumer.head(), start_ + kSmallCapacity);
  // The same bytes, one lap later, are no record: the stamp is of the lap before.
  ExpectStays(&consumer, TakeResult::kNone);
}

TEST_P(ConsumerAtEdgeTest, ZeroSizedPayloadIsAMessage) {
  test_.SetRecord(start_, Describe(0));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.length, 0u);
  EXPECT_EQ(consumer.head(), start_ + 16);
}

TEST_P(ConsumerAtEdgeTest, LengthOneByteBeyondTheRoomIsCorrupt) {
  Consumer consumer(test_.ring, start_);
  test_.SetRecord(start_, Describe(kSmallCapacity - 15));
  ExpectStays(&consumer, TakeResult::kCorrupt);
  test_.SetRecord(start_, Describe(kSmallCapacity - 16));
  TakenRecord taken;
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kTaken);
}

TEST_P(ConsumerAtEdgeTest, LengthMustFitInWhatIsNotYetReleased) {
  Consumer consumer(test_.ring, start_);
  test_.SetRecord(start_, Describe(48));
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  // 64 bytes are held: a record of the whole ring would reach into them.
  test_.SetRecord(start_ + 64, Describe(kSmallCapacity - 64 - 15));
  ExpectStays(&consumer, TakeResult::kCorrupt);
  test_.SetRecord(start_ + 64, Describe(kSmallCapacity - 64 - 16));
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(consumer.head(), start_ + kSmallCapacity);
}

TEST_P(ConsumerAtEdgeTest, EveryBadHeaderFieldIsCorrupt) {
  Consumer consumer(test_.ring, start_);
  const RecordDescription bad[] = {
      Describe(0xffffffff),  // RecordSize would overflow 32 bits
      Describe(0xfffffff0),
      Describe(0x80000000),  // one above kMaxPayload
      Describe(0x7fffffff),  // kMaxPayload: allowed, but not in this ring
      Describe(8, 4),        // first slot that there is not
      Describe(8, 0xffff),
      Describe(8, 0, 0),  // kinds that there are not
      Describe(8, 0, 4),
      Describe(8, 0, 0xff),
      Describe(8, 0, kMessage, 1),  // reserved
      Describe(8, 0, kDiscarded, 0x80),
  };
  for (const RecordDescription& description : bad) {
    SCOPED_TRACE(::testing::Message()
                 << "length " << description.length << " sender " << description.sender << " kind "
                 << static_cast<int>(description.kind) << " reserved "
                 << static_cast<int>(description.reserved));
    test_.SetRecord(start_, description);
    ExpectStays(&consumer, TakeResult::kCorrupt);
    ExpectStays(&consumer, TakeResult::kCorrupt);
  }
  EXPECT_EQ(test_.ring.receiver_slot->discarded_records, 0u);
}

TEST_P(ConsumerAtEdgeTest, DiscardedRecordsAreSteppedOverAndCounted) {
  test_.SetRecord(start_, Describe(100, 0, kDiscarded));  // 128 with its header
  test_.SetRecord(start_ + 128, Describe(0, 1, kDiscarded));
  test_.SetRecord(start_ + 144, Describe(5, 2));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.position, start_ + 144);
  EXPECT_EQ(taken.sender, 2);
  EXPECT_EQ(test_.ring.receiver_slot->discarded_records, 2u);
}

TEST_P(ConsumerAtEdgeTest, DiscardedRecordsAloneAreNoneAndMoveTheHead) {
  test_.SetRecord(start_, Describe(100, 0, kDiscarded));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kNone);
  EXPECT_EQ(consumer.head(), start_ + 128);
}

TEST_P(ConsumerAtEdgeTest, ALapOfDiscardedRecordsEndsAfterOneLap) {
  // Every place of the ring holds a discarded record of this lap, and of the next, as far as one
  // stamp goes.
  for (uint64_t at = 0; at < kSmallCapacity; at += 16) {
    test_.SetRecord(start_ + at, Describe(0, 0, kDiscarded));
  }
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kNone);
  EXPECT_EQ(consumer.head(), start_ + kSmallCapacity);
  // A hostile peer stamps on while nothing is released: there is no room for it.
  test_.SetRecord(start_ + kSmallCapacity, Describe(0, 0, kDiscarded));
  ExpectStays(&consumer, TakeResult::kCorrupt);
  consumer.Release(consumer.head());
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kNone);
  EXPECT_EQ(consumer.head(), start_ + kSmallCapacity + 16);
}

TEST_P(ConsumerAtEdgeTest, StampOfThePreviousLapIsNotTaken) {
  test_.SetRecord(start_ - kSmallCapacity, Describe(8));
  Consumer consumer(test_.ring, start_);
  EXPECT_FALSE(consumer.HasCommitted());
  ExpectStays(&consumer, TakeResult::kNone);
}

TEST_P(ConsumerAtEdgeTest, StampUnderAnotherKeyIsNotTaken) {
  test_.SetRecord(start_, Describe(8));
  Ring other = test_.ring;
  other.stamp_key ^= 1;
  Consumer consumer(other, start_);
  ExpectStays(&consumer, TakeResult::kNone);
}

TEST_P(ConsumerAtEdgeTest, PayloadEqualToAnOldStampIsNotTaken) {
  // A message whose payload holds the stamps that the places it lies on had in earlier laps.
  Consumer consumer(test_.ring, start_);
  test_.SetRecord(start_, Describe(32));
  const uint64_t before = test_.ring.StampOf(start_ + 16 - kSmallCapacity);
  const uint64_t long_before = test_.ring.StampOf(start_ + 32 - 2 * kSmallCapacity);
  std::memcpy(test_.ring.At(start_) + 16, &before, 8);
  std::memcpy(test_.ring.At(start_) + 32, &long_before, 8);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(consumer.head(), start_ + 48);
  ExpectStays(&consumer, TakeResult::kNone);
  // And a receiver that looks at a place inside, in its own lap, sees no record there.
  Consumer inside(test_.ring, start_ + 16);
  ExpectStays(&inside, TakeResult::kNone);
}

TEST_P(ConsumerAtEdgeTest, ReleaseStoresThePositionForSenders) {
  test_.SetRecord(start_, Describe(8));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  consumer.Release(start_ + 32);
  EXPECT_EQ(test_.release(), start_ + 32);
  EXPECT_EQ(consumer.released(), start_ + 32);
}

TEST_P(ConsumerAtEdgeTest, TrustsItsOwnPositionsAndNotTheSharedOnes) {
  test_.SetRecord(start_, Describe(8));
  Consumer consumer(test_.ring, start_);
  test_.SetPositions(start_ + 12345, start_ - 999);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.position, start_);
}

TEST_P(ConsumerAtEdgeTest, RecoverMovesTheHeadAndCountsWithHeaders) {
  test_.SetPositions(start_, start_ + 64);
  test_.SetIntent(1, start_, 64);
  Consumer consumer(test_.ring, start_);
  const Scan scan = consumer.Recover([](uint16_t) { return false; });
  EXPECT_EQ(scan.result, ScanResult::kOrphaned);
  EXPECT_EQ(consumer.head(), start_ + 64);
  EXPECT_EQ(test_.ring.receiver_slot->orphaned_records, 1u);
  EXPECT_EQ(test_.ring.receiver_slot->orphaned_bytes, 64u);
  EXPECT_EQ(test_.release(), start_);
}

TEST_P(ConsumerAtEdgeTest, RecoverThatFindsNoOrphanMovesNothing) {
  test_.SetPositions(start_, start_ + 64);
  test_.SetIntent(1, start_, 64);
  Consumer consumer(test_.ring, start_);
  EXPECT_EQ(consumer.Recover([](uint16_t) { return true; }).result, ScanResult::kOwnerAlive);
  EXPECT_EQ(consumer.head(), start_);
  EXPECT_EQ(test_.ring.receiver_slot->orphaned_records, 0u);
}

TEST(ConsumerTest, CountersGoOnFromTheLastOwner) {
  TestRing test;
  test.ring.receiver_slot->received_records = 10;
  test.ring.receiver_slot->received_bytes = 1000;
  Consumer consumer(test.ring, 0);
  consumer.CountReceived(2, 30);
  EXPECT_EQ(test.ring.receiver_slot->received_records, 12u);
  EXPECT_EQ(test.ring.receiver_slot->received_bytes, 1030u);
}

}  // namespace
}  // namespace ipmpsc::internal
