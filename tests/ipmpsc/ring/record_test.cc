// Tests the bytes of a record. They are part of the ABI, since other languages read them.
#include "ipmpsc/internal/ring/record.h"

#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/producer.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;
using ::ipmpsc::testing::kSmallCapacity;
using ::ipmpsc::testing::TestRing;

TEST(RecordTest, SizeIsHeaderAndPayloadRoundedUpToLines) {
  EXPECT_EQ(RecordSize(0), 64u);
  EXPECT_EQ(RecordSize(1), 64u);
  EXPECT_EQ(RecordSize(47), 64u);
  EXPECT_EQ(RecordSize(48), 64u);
  EXPECT_EQ(RecordSize(49), 128u);
  EXPECT_EQ(RecordSize(112), 128u);
  EXPECT_EQ(RecordSize(113), 192u);
  EXPECT_EQ(RecordSize(4080), 4096u);
}

TEST(RecordTest, ATrailerTakes16OfTheBytes) {
  EXPECT_EQ(RecordSize(0, 16), 64u);
  EXPECT_EQ(RecordSize(32, 16), 64u);
  EXPECT_EQ(RecordSize(33, 16), 128u);
  EXPECT_EQ(RecordSize(96, 16), 128u);
  EXPECT_EQ(RecordSize(97, 16), 192u);
  EXPECT_EQ(RecordSize(4064, 16), 4096u);
  EXPECT_EQ(RecordSize(4065, 16), 4160u);
}

TEST(RecordTest, SizeOfTheLongestPayloadDoesNotOverflow32Bits) {
  EXPECT_EQ(kMaxPayload, uint64_t{0x7fffffff});
  EXPECT_EQ(RecordSize(kMaxPayload), uint64_t{0x80000040});
  EXPECT_EQ(RecordSize(kMaxPayload, 16), uint64_t{0x80000040});
}

TEST(RecordTest, HeaderBytesLieAsDocumented) {
  TestRing test;
  test.ring.stamp_key = 0x0807060504030201;
  test.StartAt(0x100);
  Producer producer(test.ring, 3);
  Position claimed;
  ASSERT_EQ(producer.Claim(RecordSize(0x1a0), &claimed), ClaimResult::kClaimed);
  producer.Commit(claimed, 0x1a0, RecordKind::kMessage);

  const unsigned char expected[16] = {
      0x01, 0x03, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,  // stamp: key ^ 0x100
      0xa0, 0x01, 0x00, 0x00,                          // length
      0x03, 0x00,                                      // sender
      0x01,                                            // kind
      0x00,                                            // reserved
  };
  EXPECT_EQ(std::memcmp(test.ring.At(0x100), expected, sizeof(expected)), 0);
}

TEST(RecordTest, KindsAreFixedNumbers) {
  EXPECT_EQ(static_cast<int>(RecordKind::kMessage), 1);
  EXPECT_EQ(static_cast<int>(RecordKind::kDiscarded), 2);
  EXPECT_EQ(static_cast<int>(RecordKind::kInBatch), 3);
}

TEST(RecordTest, TrailerIsTheLast16BytesEvenAcrossTheEndOfTheData) {
  TestRing test;
  test.ring.trailer_size = sizeof(RecordTrailer);
  for (const Position position : kEdgePositions) {
    for (const uint64_t payload : {0, 32, 33, 96, 97, 4064}) {
      const uint64_t size = test.ring.RecordSizeOf(payload);
      ASSERT_EQ(size, RecordSize(payload, 16));
      char* const trailer = test.ring.TrailerAt(position, size);
      EXPECT_EQ(trailer, test.ring.At(position) + size - 16);
      // The trailer lies behind the payload.
      EXPECT_GE(trailer, test.ring.At(position) + 16 + payload);
      const RecordTrailer written = {-5, 77};
      std::memcpy(trailer, &written, sizeof(written));
      RecordTrailer read;
      std::memcpy(&read, test.ring.At(position + size - 16), sizeof(read));
      EXPECT_EQ(read.committed, -5);
      EXPECT_EQ(read.sequence, 77u);
    }
  }
}

// Observers other than the receiver.

class ObserveRecordTest : public ::testing::TestWithParam<Position> {
 protected:
  ObserveRecordTest() { test_.SetPositions(start_, start_ + 128); }

  bool Observe() { return test_.ring.ObserveRecord(start_, &seen_); }

  const Position start_ = GetParam();
  TestRing test_;
  RecordDescription seen_ = {};
};

INSTANTIATE_TEST_SUITE_P(Edges, ObserveRecordTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(ObserveRecordTest, UncommittedRecordIsNotSeen) {
  seen_.length = 5;
  EXPECT_FALSE(Observe());
  test_.ring.HeaderAt(start_)->stamp = test_.ring.StampOf(start_ - kSmallCapacity);
  EXPECT_FALSE(Observe()) << "of the lap before";
  EXPECT_EQ(seen_.length, 5u) << "nothing is written where nothing is seen";
}

TEST_P(ObserveRecordTest, CommittedRecordIsSeen) {
  test_.SetRecord(start_, {100, 3, RecordKind::kInBatch, 0});
  ASSERT_TRUE(Observe());
  EXPECT_EQ(seen_.length, 100u);
  EXPECT_EQ(seen_.sender, 3);
  EXPECT_EQ(seen_.kind, RecordKind::kInBatch);
}

TEST_P(ObserveRecordTest, RecordIsSeenUntilALaterClaimReachesIt) {
  test_.SetRecord(start_, {100, 3, RecordKind::kMessage, 0});
  // The lap ends exactly at the record, so no later claim overlaps it.
  for (const ClaimWord bits : {ClaimWord{0}, kClaimTurn, kClaimEnded}) {
    test_.SetPositions(start_, (start_ + kSmallCapacity) | bits);
    EXPECT_TRUE(Observe()) << bits;
    // The stamp is still the old one, but the payload of a later claim may lie here.
    test_.SetPositions(start_ + 64, (start_ + kSmallCapacity + 64) | bits);
    EXPECT_FALSE(Observe()) << bits;
  }
}

TEST_P(ObserveRecordTest, StampBeyondTheClaimPositionIsNoRecord) {
  test_.SetRecord(start_, {100, 3, RecordKind::kMessage, 0});
  test_.SetPositions(start_ - 64, start_ - 64);
  EXPECT_FALSE(Observe());
}

}  // namespace
}  // namespace ipmpsc::internal
