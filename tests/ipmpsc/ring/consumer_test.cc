#include "ipmpsc/internal/ring/consumer.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;
using ::ipmpsc::testing::kSmallCapacity;
using ::ipmpsc::testing::TestRing;

constexpr uint8_t kMessage = 1;
constexpr uint8_t kDiscarded = 2;
constexpr uint8_t kInBatch = 3;

RecordDescription Describe(uint32_t length, uint16_t sender = 0, uint8_t kind = kMessage,
                           uint8_t reserved = 0) {
  return {length, sender, static_cast<RecordKind>(kind), reserved};
}

class ConsumerAtEdgeTest : public ::testing::TestWithParam<Position> {
 protected:
  ConsumerAtEdgeTest() { test_.StartAt(GetParam()); }

  // Takes, and expects that no position moved.
  void ExpectStays(Consumer* consumer, TakeResult expected) {
    const Position head = consumer->head();
    TakenRecord taken = {1, nullptr, 2, 3, {}};
    EXPECT_EQ(consumer->Take(&taken), expected);
    EXPECT_EQ(consumer->head(), head);
    EXPECT_EQ(taken.position, 1u);
    EXPECT_EQ(taken.payload, nullptr);
  }

  TestRing test_;
  Position start_ = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Edges, ConsumerAtEdgeTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(ConsumerAtEdgeTest, EmptyRingHasNoRecord) {
  Consumer consumer(test_.ring, start_);
  EXPECT_FALSE(consumer.HasCommitted());
  ExpectStays(&consumer, TakeResult::kNone);
}

TEST_P(ConsumerAtEdgeTest, TakesACommittedRecord) {
  test_.SetRecord(start_, Describe(20, 3));
  std::memcpy(test_.ring.At(start_) + 16, "twenty bytes exactly", 20);
  Consumer consumer(test_.ring, start_);
  EXPECT_TRUE(consumer.HasCommitted());
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.position, start_);
  EXPECT_EQ(taken.sender, 3);
  EXPECT_EQ(std::string(taken.payload, taken.length), "twenty bytes exactly");
  EXPECT_EQ(consumer.head(), start_ + 64);
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
  // The same bytes one lap later are no record, since the stamp belongs to the lap before.
  ExpectStays(&consumer, TakeResult::kNone);
}

TEST_P(ConsumerAtEdgeTest, ZeroSizedPayloadIsAMessage) {
  test_.SetRecord(start_, Describe(0));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.length, 0u);
  EXPECT_EQ(consumer.head(), start_ + 64);
}

TEST_P(ConsumerAtEdgeTest, LengthOneByteBeyondTheRoomIsCorrupt) {
  Consumer consumer(test_.ring, start_);
  test_.SetRecord(start_, Describe(kSmallCapacity - 15));
  ExpectStays(&consumer, TakeResult::kCorrupt);
  test_.SetRecord(start_, Describe(kSmallCapacity - 16));
  TakenRecord taken;
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kTaken);
}

TEST_P(ConsumerAtEdgeTest, LengthMustFitInTheUnreleasedBytes) {
  Consumer consumer(test_.ring, start_);
  test_.SetRecord(start_, Describe(48));
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  // 64 bytes are held. A record as large as the ring would overlap them.
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
      Describe(8, 4),        // the first invalid slot
      Describe(8, 0xffff),
      Describe(8, 0, 0),  // invalid kinds
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
  test_.SetRecord(start_ + 192, Describe(5, 2));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.position, start_ + 192);
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
  // Every position of the ring holds a discarded record of this lap and of the next, as far as one
  // stamp allows.
  for (uint64_t at = 0; at < kSmallCapacity; at += 64) {
    test_.SetRecord(start_ + at, Describe(0, 0, kDiscarded));
  }
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kNone);
  EXPECT_EQ(consumer.head(), start_ + kSmallCapacity);
  // A hostile peer continues to stamp while nothing is released. There is no room for the record.
  test_.SetRecord(start_ + kSmallCapacity, Describe(0, 0, kDiscarded));
  ExpectStays(&consumer, TakeResult::kCorrupt);
  consumer.Release(consumer.head());
  EXPECT_EQ(consumer.Take(&taken), TakeResult::kNone);
  EXPECT_EQ(consumer.head(), start_ + kSmallCapacity + 64);
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
  // The payload contains the stamps that its positions had in earlier laps.
  Consumer consumer(test_.ring, start_);
  test_.SetRecord(start_, Describe(176));
  const uint64_t before = test_.ring.StampOf(start_ + 64 - kSmallCapacity);
  const uint64_t long_before = test_.ring.StampOf(start_ + 128 - 2 * kSmallCapacity);
  std::memcpy(test_.ring.At(start_) + 64, &before, 8);
  std::memcpy(test_.ring.At(start_) + 128, &long_before, 8);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(consumer.head(), start_ + 192);
  ExpectStays(&consumer, TakeResult::kNone);
  // A receiver at a position inside the payload, in its own lap, sees no record there.
  for (const uint64_t at : {64, 128}) {
    Consumer inside(test_.ring, start_ + at);
    ExpectStays(&inside, TakeResult::kNone);
  }
}

TEST_P(ConsumerAtEdgeTest, ReleaseStoresThePositionForSenders) {
  test_.SetRecord(start_, Describe(8));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  consumer.Release(start_ + 64);
  EXPECT_EQ(test_.release(), start_ + 64);
  EXPECT_EQ(consumer.released(), start_ + 64);
}

TEST_P(ConsumerAtEdgeTest, TrustsItsOwnPositionsInsteadOfTheSharedOnes) {
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
  const Scan scan = consumer.Recover([](uint16_t) { return OwnerState::kDead; });
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
  EXPECT_EQ(consumer.Recover([](uint16_t) { return OwnerState::kAlive; }).result,
            ScanResult::kOwnerAlive);
  EXPECT_EQ(consumer.Recover([](uint16_t) { return OwnerState::kUnknown; }).result,
            ScanResult::kUndecided);
  EXPECT_EQ(consumer.head(), start_);
  EXPECT_EQ(test_.ring.receiver_slot->orphaned_records, 0u);
}

TEST_P(ConsumerAtEdgeTest, AMessageInABatchIsTakenLikeAnother) {
  test_.SetRecord(start_, Describe(0));
  test_.SetRecord(start_ + 64, Describe(49, 1, kInBatch));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.position, start_ + 64);
  EXPECT_EQ(taken.length, 49u);
  EXPECT_EQ(taken.sender, 1);
  EXPECT_EQ(consumer.head(), start_ + 192);
}

// A call steps over a bounded number of discarded records. Otherwise a peer that keeps discarding
// would hold the receiver for ever.
TEST_P(ConsumerAtEdgeTest, OneCallStepsOver256DiscardedRecordsAtMost) {
  for (const uint64_t discarded : {255, 256, 257, 600}) {
    TestRing test(4, uint64_t{1} << 20);
    test.StartAt(start_);
    for (uint64_t i = 0; i < discarded; ++i) {
      test.SetRecord(start_ + i * 64, Describe(0, 0, kDiscarded));
    }
    test.SetRecord(start_ + discarded * 64, Describe(7));
    Consumer consumer(test.ring, start_);
    TakenRecord taken;
    uint64_t stepped = 0;
    for (; discarded - stepped >= 256; stepped += 256) {
      ASSERT_EQ(consumer.Take(&taken), TakeResult::kNone);
      ASSERT_EQ(consumer.head(), start_ + (stepped + 256) * 64);
      ASSERT_EQ(test.ring.receiver_slot->discarded_records, stepped + 256);
      ASSERT_TRUE(consumer.HasCommitted()) << "so the receiver does not sleep";
    }
    ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
    EXPECT_EQ(taken.position, start_ + discarded * 64);
    EXPECT_EQ(test.ring.receiver_slot->discarded_records, discarded);
  }
}

class ConsumerWithTrailersTest : public ConsumerAtEdgeTest {
 protected:
  ConsumerWithTrailersTest() { test_.ring.trailer_size = sizeof(RecordTrailer); }

  void SetTrailer(Position end, RecordTrailer trailer) {
    std::memcpy(test_.ring.At(end - sizeof(trailer)), &trailer, sizeof(trailer));
  }
};

INSTANTIATE_TEST_SUITE_P(Edges, ConsumerWithTrailersTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(ConsumerWithTrailersTest, TheTrailerIsTheLast16BytesOfTheRecord) {
  const std::pair<uint32_t, uint64_t> length_and_size[] = {
      {0, 64}, {32, 64}, {33, 128}, {96, 128}, {97, 192}};
  Consumer consumer(test_.ring, start_);
  Position next = start_;
  uint64_t sequence = 1;
  for (const auto& [length, size] : length_and_size) {
    test_.SetRecord(next, Describe(length));
    SetTrailer(next + size, {-1234567890123, sequence});
    TakenRecord taken;
    ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
    next += size;
    EXPECT_EQ(consumer.head(), next) << length;
    EXPECT_EQ(taken.length, length);
    EXPECT_EQ(taken.trailer.committed, -1234567890123);
    EXPECT_EQ(taken.trailer.sequence, sequence++);
  }
}

TEST_P(ConsumerWithTrailersTest, EachMessageOfABatchHasItsOwn) {
  test_.SetRecord(start_, Describe(40));
  SetTrailer(start_ + 128, {10, 5});
  test_.SetRecord(start_ + 128, Describe(1, 0, kInBatch));
  SetTrailer(start_ + 192, {11, 6});
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.trailer.sequence, 5u);
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.trailer.committed, 11);
  EXPECT_EQ(taken.trailer.sequence, 6u);
}

TEST_P(ConsumerWithTrailersTest, TheLongestMessageEndsWithItsTrailerAtTheRingsLastBytes) {
  Consumer consumer(test_.ring, start_);
  test_.SetRecord(start_, Describe(kSmallCapacity - 31));
  ExpectStays(&consumer, TakeResult::kCorrupt);
  test_.SetRecord(start_, Describe(kSmallCapacity - 32));
  SetTrailer(start_ + kSmallCapacity, {3, 4});
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.trailer.committed, 3);
  EXPECT_EQ(taken.trailer.sequence, 4u);
  EXPECT_EQ(consumer.head(), start_ + kSmallCapacity);
}

TEST_P(ConsumerWithTrailersTest, ADiscardedRecordIsAsLongAsAMessage) {
  test_.SetRecord(start_, Describe(33, 0, kDiscarded));
  test_.SetRecord(start_ + 128, Describe(0));
  Consumer consumer(test_.ring, start_);
  TakenRecord taken;
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.position, start_ + 128);
}

TEST_P(ConsumerAtEdgeTest, WithoutTrailersTheTrailerIsZero) {
  test_.SetRecord(start_, Describe(48));
  std::memset(test_.ring.At(start_) + 16, 'x', 48);
  Consumer consumer(test_.ring, start_);
  TakenRecord taken = {1, nullptr, 2, 3, {4, 5}};
  ASSERT_EQ(consumer.Take(&taken), TakeResult::kTaken);
  EXPECT_EQ(taken.trailer.committed, 0);
  EXPECT_EQ(taken.trailer.sequence, 0u);
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
