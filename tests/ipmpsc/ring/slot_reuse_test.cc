// Tests each condition for the reuse of a dead owner's slot, as raw words.
#include <cstdint>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;
using ::ipmpsc::testing::kSmallCapacity;
using ::ipmpsc::testing::TestRing;

class SlotReuseTest : public ::testing::TestWithParam<Position> {
 protected:
  // 512 bytes from `start_` on are claimed and not released.
  SlotReuseTest() { test_.SetPositions(start_, start_ + 512); }

  bool IsReusable() const { return IsSlotReusable(test_.ring, 1); }

  const Position start_ = GetParam();
  TestRing test_;
};

INSTANTIATE_TEST_SUITE_P(Edges, SlotReuseTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(SlotReuseTest, ClearIntent) {
  test_.SetIntent(1, kNoIntent, 64);
  EXPECT_TRUE(IsReusable());
}

TEST_P(SlotReuseTest, UncommittedIntentKeepsTheSlot) {
  for (const uint64_t at : {0, 64, 448}) {
    test_.SetIntent(1, start_ + at, 64);
    EXPECT_FALSE(IsReusable()) << at;
  }
}

TEST_P(SlotReuseTest, IntentBelowTheReleasePosition) {
  test_.SetIntent(1, start_ - 64, 64);
  EXPECT_TRUE(IsReusable());
  test_.SetIntent(1, start_ - 64 * kSmallCapacity, 64);
  EXPECT_TRUE(IsReusable());
}

TEST_P(SlotReuseTest, IntentAtTheReleasePositionIsNotBelowIt) {
  test_.SetIntent(1, start_, 64);
  EXPECT_FALSE(IsReusable());
}

TEST_P(SlotReuseTest, IntentNotBelowTheClaimPositionNeverClaimed) {
  test_.SetIntent(1, start_ + 512, 64);
  EXPECT_TRUE(IsReusable());
  test_.SetIntent(1, start_ + 576, 64);
  EXPECT_TRUE(IsReusable());
  test_.SetIntent(1, start_ + 448, 64);
  EXPECT_FALSE(IsReusable());
}

TEST_P(SlotReuseTest, IntentWhoseRecordIsCommitted) {
  test_.SetIntent(1, start_ + 64, 64);
  test_.ring.HeaderAt(start_ + 64)->stamp = test_.ring.StampOf(start_ + 64 - kSmallCapacity);
  EXPECT_FALSE(IsReusable()) << "the stamp of another lap";
  test_.SetRecord(start_ + 64, {48, 1, RecordKind::kMessage, 0});
  EXPECT_TRUE(IsReusable());
}

TEST_P(SlotReuseTest, HostileUnalignedIntentIsNotLookedUpInTheData) {
  // At the end of the data, such a position would lead to a read beyond the second copy. No record
  // is at it.
  test_.SetIntent(1, start_ + 65, 64);
  EXPECT_FALSE(IsReusable());
}

TEST_P(SlotReuseTest, BitsBesideTheClaimPositionDoNotMatter) {
  // If the flag bits were compared too, the word would lie beyond the position.
  for (const ClaimWord bits :
       {kClaimClosed, kClaimReplaced, kClaimTurn, kClaimEnding, kClaimEnded}) {
    test_.SetPositions(start_, (start_ + 512) | bits);
    test_.SetIntent(1, start_ + 512, 64);
    EXPECT_TRUE(IsReusable()) << bits;
    test_.SetIntent(1, start_ + 448, 64);
    EXPECT_FALSE(IsReusable()) << bits;
  }
}

TEST_P(SlotReuseTest, MessageInsideABatchDoesNotMatchAnIntent) {
  test_.SetIntent(1, start_ + 64, 64);
  test_.SetRecord(start_ + 64, {48, 1, RecordKind::kInBatch, 0});
  EXPECT_FALSE(IsReusable());
}

TEST_P(SlotReuseTest, OtherSlotsDoNotMatter) {
  test_.SetIntent(0, start_, 64);
  test_.SetIntent(1, kNoIntent, 64);
  test_.SetIntent(2, start_ + 64, 64);
  EXPECT_TRUE(IsReusable());
  EXPECT_FALSE(IsSlotReusable(test_.ring, 0));
  EXPECT_FALSE(IsSlotReusable(test_.ring, 2));
}

}  // namespace
}  // namespace ipmpsc::internal
