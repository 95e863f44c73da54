// Sets the remains of each kind of death as raw words, and checks the result of the scan.
#include "ipmpsc/internal/ring/orphan_scan.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;
using ::ipmpsc::testing::kSmallCapacity;
using ::ipmpsc::testing::TestRing;

class OrphanScanTest : public ::testing::TestWithParam<Position> {
 protected:
  OrphanScanTest() { test_.StartAt(head_); }

  Scan ScanNow() {
    return ScanForOrphan(test_.ring, head_, head_, [this](uint16_t slot) {
      asked_.push_back(slot);
      if (during_) during_(slot);
      if (unknown_.count(slot) != 0) return OwnerState::kUnknown;
      return alive_.count(slot) != 0 ? OwnerState::kAlive : OwnerState::kDead;
    });
  }

  void Claimed(uint64_t bytes) { test_.SetPositions(head_, head_ + bytes); }

  void ExpectOrphanedUpTo(uint64_t bytes) {
    const Scan scan = ScanNow();
    EXPECT_EQ(scan.result, ScanResult::kOrphaned);
    EXPECT_EQ(scan.end, head_ + bytes);
  }

  const Position head_ = GetParam();
  TestRing test_;
  std::set<uint16_t> alive_;
  std::set<uint16_t> unknown_;
  std::vector<uint16_t> asked_;
  std::function<void(uint16_t)> during_;
};

INSTANTIATE_TEST_SUITE_P(Edges, OrphanScanTest, ::testing::ValuesIn(kEdgePositions));

// The table of deaths.

TEST_P(OrphanScanTest, DiedBeforeItsCas_NothingIsClaimed) {
  test_.SetIntent(0, head_, 64);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnclaimed);
}

TEST_P(OrphanScanTest, DiedAfterItsCas_OrphanedToTheClaimPosition) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  ExpectOrphanedUpTo(64);
}

TEST_P(OrphanScanTest, DiedAfterItsCommit_Committed) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  test_.SetRecord(head_, {48, 0, RecordKind::kMessage, 0});
  EXPECT_EQ(ScanNow().result, ScanResult::kCommitted);
}

TEST_P(OrphanScanTest, DiedWaitingForSpace_LeavesNothingToScan) {
  EXPECT_EQ(ScanNow().result, ScanResult::kUnclaimed);
  EXPECT_TRUE(asked_.empty());
}

TEST_P(OrphanScanTest, AnOrphanMayFillTheWholeRing) {
  Claimed(kSmallCapacity);
  test_.SetIntent(3, head_, kSmallCapacity);
  ExpectOrphanedUpTo(kSmallCapacity);
}

// How the end is recognised.

TEST_P(OrphanScanTest, EndIsRecognisedByTheNextRecordsStamp) {
  Claimed(192);
  test_.SetIntent(0, head_, 64);
  test_.SetRecord(head_ + 64, {112, 1, RecordKind::kMessage, 0});
  ExpectOrphanedUpTo(64);
}

TEST_P(OrphanScanTest, EndIsRecognisedByAnothersIntent) {
  Claimed(192);
  test_.SetIntent(0, head_, 64);
  test_.SetIntent(1, head_ + 64, 128);
  for (const bool alive : {true, false}) {
    alive_ = alive ? std::set<uint16_t>{1} : std::set<uint16_t>{};
    ExpectOrphanedUpTo(64);
  }
}

TEST_P(OrphanScanTest, EndIsRecognisedByTheIntentOfALoser) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  test_.SetIntent(1, head_ + 64, 4096);
  ExpectOrphanedUpTo(64);
}

TEST_P(OrphanScanTest, UnmarkedEndIsNoEnd) {
  Claimed(192);
  test_.SetIntent(0, head_, 64);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
}

TEST_P(OrphanScanTest, AStampOfAnotherLapMarksNoEnd) {
  Claimed(192);
  test_.SetIntent(0, head_, 64);
  test_.ring.HeaderAt(head_ + 64)->stamp = test_.ring.StampOf(head_ + 64 - kSmallCapacity);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
}

// Losers of the race for `head` that died with their intent.

TEST_P(OrphanScanTest, SmallerLoserThatEndsInsideIsRejected) {
  Claimed(128);
  for (const uint16_t winner : {0, 1}) {
    test_.SetIntent(winner, head_, 128);
    test_.SetIntent(static_cast<uint16_t>(1 - winner), head_, 64);
    ExpectOrphanedUpTo(128);
  }
}

TEST_P(OrphanScanTest, LargerLoserBeyondTheClaimIsRejected) {
  Claimed(128);
  test_.SetIntent(0, head_, 192);
  test_.SetIntent(1, head_, 128);
  ExpectOrphanedUpTo(128);
}

TEST_P(OrphanScanTest, ALargerLoserThatEndsAtALaterBoundaryLosesToTheSmallestTrueOne) {
  // From head: 64 orphaned, then 128 committed. The loser wanted 192, which ends at the claim
  // position.
  Claimed(192);
  test_.SetRecord(head_ + 64, {112, 2, RecordKind::kMessage, 0});
  for (const uint16_t winner : {0, 1}) {
    test_.SetIntent(winner, head_, 64);
    test_.SetIntent(static_cast<uint16_t>(1 - winner), head_, 192);
    ExpectOrphanedUpTo(64);
  }
}

TEST_P(OrphanScanTest, SeveralLosersOfAllSizesAtOnce) {
  Claimed(320);
  test_.SetRecord(head_ + 128, {176, 3, RecordKind::kMessage, 0});
  test_.SetIntent(0, head_, 320);  // ends at the claim position
  test_.SetIntent(1, head_, 64);   // inside
  test_.SetIntent(2, head_, 128);  // the winner
  test_.SetIntent(3, head_, 512);  // beyond
  ExpectOrphanedUpTo(128);
}

TEST_P(OrphanScanTest, AFillerCommittedInsideEndsTheRecordThereAndLosesNothing) {
  // A loan of 128 published shorter: the filler is committed, and the sender died before the
  // message. A loser of 64 may end the record at the filler, which then is the next record.
  Claimed(128);
  test_.SetIntent(0, head_, 128);
  test_.SetRecord(head_ + 64, {48, 0, RecordKind::kDiscarded, 0});
  ExpectOrphanedUpTo(128);
  test_.SetIntent(1, head_, 64);
  ExpectOrphanedUpTo(64);
}

TEST_P(OrphanScanTest, AMessageInsideABatchIsNoEnd) {
  // A batch of two records of 64, whose first is not committed. A loser wanted 64.
  Claimed(128);
  test_.SetIntent(0, head_, 128);
  test_.SetRecord(head_ + 64, {48, 0, RecordKind::kInBatch, 0});
  test_.SetIntent(1, head_, 64);
  ExpectOrphanedUpTo(128);
}

// The living.

TEST_P(OrphanScanTest, LivingOwnerIsAwaited) {
  Claimed(64);
  test_.SetIntent(2, head_, 64);
  alive_ = {2};
  const Scan scan = ScanNow();
  EXPECT_EQ(scan.result, ScanResult::kOwnerAlive);
  EXPECT_EQ(scan.slot, 2);
}

TEST_P(OrphanScanTest, LivingLoserIsAwaitedLikeTheOwner) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  test_.SetIntent(3, head_, 128);
  alive_ = {3};
  const Scan scan = ScanNow();
  EXPECT_EQ(scan.result, ScanResult::kOwnerAlive);
  EXPECT_EQ(scan.slot, 3);
}

TEST_P(OrphanScanTest, OnlySlotsThatMayHaveClaimedTheHeadAreAskedFor) {
  Claimed(192);
  test_.SetIntent(0, head_ + 64, 128);
  test_.SetIntent(1, head_, 64);
  test_.SetIntent(2, head_ - 64, 64);
  alive_ = {0, 2, 3};
  ExpectOrphanedUpTo(64);
  EXPECT_EQ(asked_, std::vector<uint16_t>{1});
}

// Events during the scan.

TEST_P(OrphanScanTest, SecondLook_CommittedAndDiedDuringTheScan) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  during_ = [this](uint16_t) { test_.SetRecord(head_, {48, 0, RecordKind::kMessage, 0}); };
  EXPECT_EQ(ScanNow().result, ScanResult::kCommitted);
}

TEST_P(OrphanScanTest, SecondLook_ALivingOwnerCommitsDuringTheScan) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  alive_ = {0};
  during_ = [this](uint16_t) { test_.SetRecord(head_, {48, 0, RecordKind::kMessage, 0}); };
  EXPECT_EQ(ScanNow().result, ScanResult::kCommitted);
}

TEST_P(OrphanScanTest, SecondLook_OwnerCommitsAndContinuesWhileADeadLoserIsExamined) {
  // Slot 0 lost and died. Slot 1 claimed and lives. During the check of slot 0, slot 1 commits and
  // claims the next record. Then no living intent at `head` is left, and the loser's size ends at a
  // true boundary.
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  test_.SetIntent(1, head_, 64);
  alive_ = {1};
  during_ = [this](uint16_t) {
    test_.SetRecord(head_, {48, 1, RecordKind::kMessage, 0});
    test_.SetIntent(1, head_ + 64, 64);
    test_.SetPositions(head_, head_ + 128);
  };
  EXPECT_EQ(ScanNow().result, ScanResult::kCommitted);
  EXPECT_EQ(asked_, std::vector<uint16_t>{0});
}

TEST_P(OrphanScanTest, SlotWithANewIntentDuringTheScanDoesNotCount) {
  // A living loser withdraws while it is checked. The dead owner is still found.
  Claimed(64);
  test_.SetIntent(0, head_, 128);
  test_.SetIntent(1, head_, 64);
  alive_ = {0};
  during_ = [this](uint16_t slot) {
    if (slot == 0) test_.SetIntent(0, kNoIntent, 128);
  };
  ExpectOrphanedUpTo(64);
}

TEST_P(OrphanScanTest, ARecordClaimedDuringTheScanDoesNotMoveTheEnd) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  during_ = [this](uint16_t) {
    test_.SetIntent(1, head_ + 64, 64);
    test_.SetPositions(head_, head_ + 128);
  };
  ExpectOrphanedUpTo(64);
}

// Shared words that contradict themselves.

TEST_P(OrphanScanTest, HostileSizesAreRejected) {
  Claimed(64);
  const uint64_t sizes[] = {0,
                            1,
                            8,
                            16,
                            63,
                            65,
                            80,
                            128,
                            kSmallCapacity * 2,
                            uint64_t{1} << 63,
                            uint64_t{0} - 64,
                            std::numeric_limits<uint64_t>::max()};
  for (const uint64_t size : sizes) {
    test_.SetIntent(0, head_, size);
    EXPECT_EQ(ScanNow().result, ScanResult::kUnowned) << size;
    test_.SetIntent(1, head_, 64);
    ExpectOrphanedUpTo(64);
    test_.SetIntent(1, kNoIntent, 0);
  }
}

TEST_P(OrphanScanTest, AHostileZeroSizeDoesNotMakeTheHeadItsOwnEnd) {
  // `head` is a boundary by its intent. A size of 0 would loop for ever.
  Claimed(64);
  test_.SetIntent(0, head_, 0);
  test_.SetIntent(1, head_, 0);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
}

TEST_P(OrphanScanTest, ClaimWithoutAnyIntentIsUnowned) {
  Claimed(64);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
  EXPECT_TRUE(asked_.empty());
}

TEST_P(OrphanScanTest, ClaimBehindTheHeadIsUnowned) {
  test_.SetPositions(head_, head_ - 64);
  test_.SetIntent(0, head_, 64);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
}

TEST_P(OrphanScanTest, ClaimMoreThanACapacityAfterTheReleaseIsUnowned) {
  test_.SetPositions(head_, head_ + kSmallCapacity + 64);
  test_.SetIntent(0, head_, kSmallCapacity + 64);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
  // The distance counts from the receiver's own release position, not from the head.
  test_.SetPositions(head_, head_ + 64);
  test_.SetIntent(0, head_, 64);
  EXPECT_EQ(ScanForOrphan(test_.ring, head_ - kSmallCapacity + 64, head_,
                          [](uint16_t) { return OwnerState::kDead; })
                .result,
            ScanResult::kOrphaned);
  EXPECT_EQ(ScanForOrphan(test_.ring, head_ - kSmallCapacity, head_,
                          [](uint16_t) { return OwnerState::kDead; })
                .result,
            ScanResult::kUnowned);
}

TEST_P(OrphanScanTest, AClaimWordWithBitsThatNoParticipantSetsIsUnowned) {
  for (const uint64_t bits : {16, 32, 63, 17}) {
    for (const uint64_t bytes : {0, 64}) {
      Claimed(bytes | bits);
      test_.SetIntent(0, head_, 64);
      EXPECT_EQ(ScanNow().result, ScanResult::kUnowned) << bits;
    }
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_P(OrphanScanTest, TheEndAndTheTurnDoNotChangeTheVerdict) {
  for (const ClaimWord bits : {kClaimClosed, kClaimReplaced, kClaimEnded, kClaimTurn, kClaimEnding,
                               kClaimEnded | kClaimTurn, kClaimEnded | kClaimEnding}) {
    Claimed(bits);
    test_.SetIntent(0, head_, 64);
    const Scan idle = ScanNow();
    EXPECT_EQ(idle.result, ScanResult::kUnclaimed) << bits;
    EXPECT_EQ(idle.claim_word, head_ | bits) << "the word that showed it";
    Claimed(64 | bits);
    ExpectOrphanedUpTo(64);
    alive_ = {0};
    EXPECT_EQ(ScanNow().result, ScanResult::kOwnerAlive) << bits;
    alive_ = {};
  }
}

// Owners of unknown liveness.

TEST_P(OrphanScanTest, AnUnknownOwnerLeavesTheScanUndecided) {
  Claimed(64);
  test_.SetIntent(1, head_, 64);
  unknown_ = {1};
  EXPECT_EQ(ScanNow().result, ScanResult::kUndecided);
  // The result is the same beside a dead owner, whichever comes first.
  for (const uint16_t dead : {0, 2}) {
    test_.SetIntent(dead, head_, 64);
    EXPECT_EQ(ScanNow().result, ScanResult::kUndecided) << dead;
    test_.SetIntent(dead, kNoIntent, 0);
  }
}

TEST_P(OrphanScanTest, UnknownButCommittedMeanwhileIsCommitted) {
  Claimed(64);
  test_.SetIntent(1, head_, 64);
  unknown_ = {1};
  during_ = [this](uint16_t) { test_.SetRecord(head_, {48, 1, RecordKind::kMessage, 0}); };
  EXPECT_EQ(ScanNow().result, ScanResult::kCommitted);
}

TEST_P(OrphanScanTest, UnknownOwnersOfOtherPlacesDoNotMatter) {
  Claimed(192);
  test_.SetIntent(0, head_ + 64, 128);
  test_.SetIntent(1, head_, 64);
  unknown_ = {0, 2, 3};
  ExpectOrphanedUpTo(64);
}

// Candidates that coincide.

TEST_P(OrphanScanTest, CandidatesWithTheSameEndAreOne) {
  Claimed(192);
  for (const uint16_t slot : {0, 1, 2}) test_.SetIntent(slot, head_, 64);
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned) << "many do not make it a boundary";
  // An intent or a stamp makes the position a boundary.
  test_.SetIntent(3, head_ + 64, 128);
  ExpectOrphanedUpTo(64);
  test_.SetIntent(3, kNoIntent, 0);
  test_.SetRecord(head_ + 64, {112, 3, RecordKind::kMessage, 0});
  ExpectOrphanedUpTo(64);
}

TEST_P(OrphanScanTest, DuplicatesAtTwoPlacesStillGiveTheSmallerBoundary) {
  Claimed(192);
  test_.SetIntent(0, head_, 128);
  test_.SetIntent(1, head_, 128);
  test_.SetIntent(2, head_, 192);
  test_.SetIntent(3, head_ + 128, 64);
  ExpectOrphanedUpTo(128);
}

TEST_P(OrphanScanTest, AnIntentAtTheHeadMakesNoCandidateABoundary) {
  // Two losers have intents at `head`. No intent or stamp is at their ends.
  Claimed(256);
  test_.SetIntent(0, head_, 64);
  test_.SetIntent(1, head_, 128);
  test_.SetIntent(2, head_ + 64 + 1, 64);               // damaged: beside the candidate
  test_.SetIntent(3, head_ + 64 - kSmallCapacity, 64);  // of the lap before
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
}

// The largest number of slots, each with an intent at the head.

class ManySlotsTest : public ::testing::TestWithParam<Position> {
 protected:
  static constexpr uint32_t kSlots = 4096;
  static constexpr uint64_t kCapacity = uint64_t{1} << 20;

  ManySlotsTest() { test_.SetPositions(head_, head_ + kCapacity); }

  Scan ScanNow() {
    return ScanForOrphan(test_.ring, head_, head_, [this](uint16_t slot) {
      asked_.push_back(slot);
      return OwnerState::kDead;
    });
  }

  const Position head_ = GetParam();
  TestRing test_{kSlots, kCapacity};
  std::vector<uint16_t> asked_;
};

INSTANTIATE_TEST_SUITE_P(Edges, ManySlotsTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(ManySlotsTest, EachSlotIsAskedForOnceWhateverItsIntent) {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    // Different ends in no order. None is a boundary.
    test_.SetIntent(static_cast<uint16_t>(slot), head_, 64 * (1 + slot * 2047 % kSlots));
  }
  const Scan scan = ScanNow();
  EXPECT_EQ(scan.result, ScanResult::kUnowned);
  ASSERT_EQ(asked_.size(), kSlots);
  for (uint32_t slot = 0; slot < kSlots; ++slot) ASSERT_EQ(asked_[slot], slot);
}

TEST_P(ManySlotsTest, TheSmallestBoundaryAmongAllCandidatesIsFound) {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    test_.SetIntent(static_cast<uint16_t>(slot), head_, 64 * (1 + slot * 2047 % kSlots));
  }
  test_.SetRecord(head_ + 64 * 3000, {48, 0, RecordKind::kMessage, 0});
  Scan scan = ScanNow();
  ASSERT_EQ(scan.result, ScanResult::kOrphaned);
  EXPECT_EQ(scan.end, head_ + 64 * 3000);
  // One intent among thousands marks an earlier end.
  test_.SetIntent(4095, head_ + 64 * 2000, 64);
  asked_.clear();
  scan = ScanNow();
  ASSERT_EQ(scan.result, ScanResult::kOrphaned);
  EXPECT_EQ(scan.end, head_ + 64 * 2000);
  EXPECT_EQ(asked_.size(), kSlots - 1);
}

TEST_P(ManySlotsTest, ThousandsWithTheSameSizeAreOneCandidate) {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    test_.SetIntent(static_cast<uint16_t>(slot), head_, 128);
  }
  EXPECT_EQ(ScanNow().result, ScanResult::kUnowned);
  EXPECT_EQ(asked_.size(), kSlots);
  test_.SetIntent(2000, head_ + 128, 64);
  const Scan scan = ScanNow();
  ASSERT_EQ(scan.result, ScanResult::kOrphaned);
  EXPECT_EQ(scan.end, head_ + 128);
}

TEST_P(OrphanScanTest, TheScanWritesNothing) {
  Claimed(64);
  test_.SetIntent(0, head_, 64);
  ExpectOrphanedUpTo(64);
  EXPECT_EQ(test_.claim(), head_ + 64);
  EXPECT_EQ(test_.release(), head_);
  EXPECT_EQ(test_.intent(0), head_);
  EXPECT_EQ(test_.intent_size(0), 64u);
}

}  // namespace
}  // namespace ipmpsc::internal
