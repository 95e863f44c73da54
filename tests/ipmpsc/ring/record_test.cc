// The record's bytes are the ABI: other languages read them.
#include "ipmpsc/internal/ring/record.h"

#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/producer.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::TestRing;

TEST(RecordTest, SizeIsHeaderAndPayloadRoundedUpTo16) {
  EXPECT_EQ(RecordSize(0), 16u);
  EXPECT_EQ(RecordSize(1), 32u);
  EXPECT_EQ(RecordSize(15), 32u);
  EXPECT_EQ(RecordSize(16), 32u);
  EXPECT_EQ(RecordSize(17), 48u);
  EXPECT_EQ(RecordSize(4080), 4096u);
}

TEST(RecordTest, SizeOfTheLongestPayloadDoesNotOverflow32Bits) {
  EXPECT_EQ(kMaxPayload, uint64_t{0x7fffffff});
  EXPECT_EQ(RecordSize(kMaxPayload), uint64_t{0x80000010});
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
}

}  // namespace
}  // namespace ipmpsc::internal
