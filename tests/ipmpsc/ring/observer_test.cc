// Tests Observer on rings whose words are set by hand.
#include "ipmpsc/internal/ring/observer.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;
using ::ipmpsc::testing::kSmallCapacity;
using ::ipmpsc::testing::TestRing;

using Start = Observer::Start;

OwnerState Dead(uint16_t) { return OwnerState::kDead; }
OwnerState Alive(uint16_t) { return OwnerState::kAlive; }

class ObserverTest : public ::testing::TestWithParam<Position> {
 protected:
  ObserverTest() { ring_.StartAt(GetParam()); }

  Position start() const { return GetParam(); }

  // Writes a record of `text` at `at` and returns its end.
  Position Write(Position at, const std::string& text, RecordKind kind = RecordKind::kMessage,
                 uint16_t sender = 1) {
    std::memcpy(ring_.ring.At(at) + sizeof(RecordHeader), text.data(), text.size());
    ring_.SetRecord(at, {static_cast<uint32_t>(text.size()), sender, kind, 0});
    return at + ring_.ring.RecordSizeOf(text.size());
  }
  void Claim(Position end) { ring_.SetPositions(ring_.release(), end); }
  void Release(Position end) { ring_.SetPositions(end, ring_.claim_word()); }

  // Returns the text of the next message, or the name of another result.
  std::string Next(Observer* observer) {
    ObservedRecord record;
    std::string payload;
    switch (observer->Next(&record, &payload)) {
      case Observation::kMessage:
        position_ = record.position;
        sender_ = record.sender;
        return payload;
      case Observation::kNothing:
        return "-nothing";
      case Observation::kUnfinished:
        return "-unfinished";
      case Observation::kEnded:
        return "-ended";
      case Observation::kCorrupt:
        return "-corrupt";
      case Observation::kHole:
        return "-hole";
      case Observation::kMore:
        return "-more";
    }
    return "-?";
  }

  TestRing ring_;
  Position position_ = 0;
  uint16_t sender_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Edges, ObserverTest, ::testing::ValuesIn(kEdgePositions));

TEST_P(ObserverTest, ReadsMessagesInOrder) {
  Observer observer(ring_.ring, Start::kClaim);
  EXPECT_EQ(Next(&observer), "-nothing");
  Position end = Write(start(), "first");
  end = Write(end, std::string(100, 'x'), RecordKind::kMessage, 3);
  end = Write(end, "", RecordKind::kInBatch);
  Claim(end);
  EXPECT_EQ(Next(&observer), "first");
  EXPECT_EQ(position_, start());
  EXPECT_EQ(sender_, 1);
  EXPECT_EQ(Next(&observer), std::string(100, 'x'));
  EXPECT_EQ(sender_, 3);
  EXPECT_EQ(Next(&observer), "");
  EXPECT_EQ(Next(&observer), "-nothing");
  EXPECT_EQ(observer.cursor(), end);
  EXPECT_EQ(observer.gaps().overtakings + observer.gaps().holes, 0u);
}

TEST_P(ObserverTest, StartsAtTheClaimOrTheReleasePosition) {
  const Position middle = Write(start(), "old");
  Claim(Write(middle, "newer"));
  Observer now(ring_.ring, Start::kClaim);
  EXPECT_EQ(Next(&now), "-nothing");
  Observer unreleased(ring_.ring, Start::kRelease);
  EXPECT_EQ(Next(&unreleased), "old");
  Release(middle);
  Observer later(ring_.ring, Start::kRelease);
  EXPECT_EQ(Next(&later), "newer");
}

TEST_P(ObserverTest, AReleasePositionInsideABatchIsTheBeginningOfARecord) {
  const Position second = Write(start(), "a");
  Claim(Write(second, "b", RecordKind::kInBatch));
  Release(second);
  Observer observer(ring_.ring, Start::kRelease);
  EXPECT_EQ(Next(&observer), "b");
}

TEST_P(ObserverTest, ReadsARecordThatFillsTheRing) {
  Observer observer(ring_.ring, Start::kClaim);
  const std::string text(kSmallCapacity - sizeof(RecordHeader), 'y');
  Claim(Write(start(), text));
  EXPECT_EQ(Next(&observer), text);
  EXPECT_EQ(observer.cursor(), start() + kSmallCapacity);
}

TEST_P(ObserverTest, StepsOverDiscardedRecords) {
  Observer observer(ring_.ring, Start::kClaim);
  Claim(Write(Write(start(), std::string(500, 0), RecordKind::kDiscarded), "text"));
  EXPECT_EQ(Next(&observer), "text");
}

// The stamp at the cursor is still there when the payload is already that of the next lap.
TEST_P(ObserverTest, AClaimThatReachesTheRecordMakesItsStampWorthless) {
  Observer observer(ring_.ring, Start::kClaim);
  Position end = Write(start(), "overwritten");
  while (end != start() + kSmallCapacity) end = Write(end, "kept");
  Claim(end);
  // Exactly one lap: no byte has been claimed again.
  Observer same(ring_.ring, Start::kRelease);
  EXPECT_EQ(Next(&same), "overwritten");
  // One line more: the sender may be writing into the first record.
  Release(end - 64);
  Claim(end + 64);
  EXPECT_EQ(Next(&observer), "kept");
  EXPECT_EQ(position_, end - 64);
  EXPECT_EQ(observer.gaps().lost_bytes, kSmallCapacity - 64);
  EXPECT_EQ(observer.gaps().overtakings, 1u);
  EXPECT_EQ(observer.gaps().holes, 0u);
}

TEST_P(ObserverTest, WaitsForAnUnfinishedRecord) {
  Observer observer(ring_.ring, Start::kClaim);
  Claim(start() + 64);
  EXPECT_EQ(Next(&observer), "-unfinished");
  EXPECT_EQ(Next(&observer), "-unfinished");
  Write(start(), "late");
  EXPECT_EQ(Next(&observer), "late");
}

TEST_P(ObserverTest, AReleasedRecordWithoutAStampIsAHole) {
  Observer observer(ring_.ring, Start::kClaim);
  const Position end = Write(start() + 192, "next");
  Claim(end);
  EXPECT_EQ(Next(&observer), "-unfinished");
  Release(end);
  EXPECT_EQ(Next(&observer), "-hole");
  EXPECT_EQ(observer.last_hole(), start());
  EXPECT_EQ(observer.gaps().hole_bytes, 192u);
  EXPECT_EQ(observer.gaps().holes, 1u);
  EXPECT_EQ(observer.gaps().lost_bytes, 0u);
  EXPECT_EQ(Next(&observer), "next");
}

TEST_P(ObserverTest, AHoleEndsAtTheReleasePosition) {
  Observer observer(ring_.ring, Start::kClaim);
  Claim(start() + 640);
  Release(start() + 320);
  EXPECT_EQ(Next(&observer), "-hole");
  EXPECT_EQ(observer.cursor(), start() + 320);
  EXPECT_EQ(Next(&observer), "-unfinished");
}

// A sender that dies in the middle of a batch has stamped records that were never sent.
TEST_P(ObserverTest, RecordsOfAnOrphanedBatchAreNotMessages) {
  Observer observer(ring_.ring, Start::kClaim);
  const Position batch = start();
  const Position next =
      Write(Write(batch + 64, "never", RecordKind::kInBatch), "sent", RecordKind::kInBatch);
  const Position end = Write(next, "next");
  Claim(end);
  Release(end);
  EXPECT_EQ(Next(&observer), "-hole");
  EXPECT_EQ(observer.gaps().hole_bytes, 192u);
  EXPECT_EQ(Next(&observer), "next");
}

TEST_P(ObserverTest, StepsOverAnOrphan) {
  Observer observer(ring_.ring, Start::kClaim);
  ring_.SetIntent(2, start(), 128);
  Claim(Write(start() + 128, "next"));
  EXPECT_EQ(Next(&observer), "-unfinished");
  EXPECT_EQ(observer.StepOverOrphan(Alive).result, ScanResult::kOwnerAlive);
  EXPECT_EQ(Next(&observer), "-unfinished");
  EXPECT_EQ(observer.StepOverOrphan(Dead).result, ScanResult::kOrphaned);
  EXPECT_EQ(observer.last_hole(), start());
  EXPECT_EQ(observer.gaps().hole_bytes, 128u);
  EXPECT_EQ(Next(&observer), "next");
}

TEST_P(ObserverTest, StepsOverNoOrphanThatTheReceiverHasReleased) {
  Observer observer(ring_.ring, Start::kClaim);
  ring_.SetIntent(2, start(), 128);
  Claim(Write(start() + 128, "next"));
  // A new owner of the slot could have replaced the intent by then.
  EXPECT_EQ(observer
                .StepOverOrphan([this](uint16_t) {
                  Release(start() + 128);
                  return OwnerState::kDead;
                })
                .result,
            ScanResult::kUndecided);
  EXPECT_EQ(Next(&observer), "-hole");
  EXPECT_EQ(Next(&observer), "next");
}

TEST_P(ObserverTest, BytesWithoutAnOwnerStayUnfinished) {
  Observer observer(ring_.ring, Start::kClaim);
  Claim(start() + 64);
  EXPECT_EQ(observer.StepOverOrphan(Dead).result, ScanResult::kUnowned);
  EXPECT_EQ(Next(&observer), "-unfinished");
}

TEST_P(ObserverTest, ARecorderContinuesWithinTheLastLap) {
  Observer observer(ring_.ring, Start::kKept);
  EXPECT_EQ(Next(&observer), "-nothing");
  // A lap and a quarter go by. Claims of 192 bytes: a batch of one line and two.
  Position end = start();
  for (int i = 0; i < 27; ++i) {
    end = Write(Write(end, "one line"), std::string(100, 'b'), RecordKind::kInBatch);
  }
  Claim(end);
  Release(end);
  // Three quarters before the end is inside a batch, and the search goes on to the next claim.
  EXPECT_EQ(Next(&observer), "one line");
  EXPECT_EQ(end - position_, 3072u / 192 * 192);
  EXPECT_EQ(observer.gaps().lost_bytes, position_ - start());
  int read = 1;
  while (Next(&observer) != "-nothing") ++read;
  EXPECT_EQ(read, 2 * 16);
}

TEST_P(ObserverTest, ARecorderThatIsFarBehindContinuesAtTheReleasePosition) {
  Observer observer(ring_.ring, Start::kKept);
  EXPECT_EQ(Next(&observer), "-nothing");
  Claim(start() + 2 * kSmallCapacity);
  Release(start() + kSmallCapacity);
  Write(start() + kSmallCapacity, "oldest");
  EXPECT_EQ(Next(&observer), "oldest");
  EXPECT_EQ(observer.gaps().lost_bytes, kSmallCapacity);
}

TEST_P(ObserverTest, OfDeadProgramsReadsAllThatIsWhole) {
  Position end = start();
  for (int i = 0; i < 65; ++i) end = Write(end, std::to_string(i));
  Claim(end);
  Release(end - 128);
  Observer observer(ring_.ring, Start::kAll);
  for (int i = 1; i < 65; ++i) EXPECT_EQ(Next(&observer), std::to_string(i));
  EXPECT_EQ(Next(&observer), "-nothing");
  EXPECT_EQ(observer.gaps().lost_bytes + observer.gaps().hole_bytes, 0u);
}

TEST_P(ObserverTest, CountsAHoleWhoseEndWasOverwrittenAsLost) {
  TestRing large(4, uint64_t{16} << 20);
  large.StartAt(start());
  Observer observer(large.ring, Start::kClaim);
  // A hole that takes several calls to search through.
  const uint64_t most = large.ring.capacity;
  large.SetPositions(start() + most, start() + most);
  EXPECT_EQ(Next(&observer), "-more");
  large.SetPositions(start() + 2 * most, start() + 2 * most);
  EXPECT_EQ(Next(&observer), "-nothing");
  EXPECT_EQ(observer.gaps().holes, 0u);
  EXPECT_EQ(observer.gaps().overtakings, 1u);
  EXPECT_EQ(observer.gaps().lost_bytes, 2 * most);
}

TEST_P(ObserverTest, ASearchEndsAfterABoundedNumberOfSteps) {
  TestRing large(4, uint64_t{64} << 20);
  large.StartAt(start());
  Observer observer(large.ring, Start::kAll);
  int calls = 1;
  while (Next(&observer) == "-more") ++calls;
  EXPECT_EQ(calls, 16 + 1);
  EXPECT_EQ(observer.cursor(), start());
}

TEST_P(ObserverTest, TellsTheEnd) {
  Observer observer(ring_.ring, Start::kClaim);
  Claim(Write(start(), "last") | kClaimClosed | kClaimEnding);
  EXPECT_EQ(Next(&observer), "last");
  EXPECT_EQ(Next(&observer), "-ended");
  EXPECT_EQ(observer.end(), kClaimClosed);
}

TEST_P(ObserverTest, DoesNotEndBeforeAnOpenClaim) {
  Observer observer(ring_.ring, Start::kClaim);
  Claim((start() + 64) | kClaimReplaced);
  EXPECT_EQ(Next(&observer), "-unfinished");
}

TEST_P(ObserverTest, ReadsTrailers) {
  ring_.ring.trailer_size = sizeof(RecordTrailer);
  Observer observer(ring_.ring, Start::kClaim);
  const Position end = Write(start(), std::string(40, 'x'));
  ASSERT_EQ(end, start() + 128);
  const RecordTrailer trailer = {123, 45};
  std::memcpy(ring_.ring.TrailerAt(start(), 128), &trailer, sizeof(trailer));
  Claim(end);
  ObservedRecord record;
  std::string payload;
  ASSERT_EQ(observer.Next(&record, &payload), Observation::kMessage);
  EXPECT_EQ(record.trailer.committed, 123);
  EXPECT_EQ(record.trailer.sequence, 45u);
}

TEST_P(ObserverTest, RejectsInvalidRecords) {
  const RecordDescription invalid[] = {
      {200, 0, RecordKind::kMessage, 0},                                 // beyond the claim
      {~uint32_t{0}, 0, RecordKind::kMessage, 0},                        // beyond protobuf's limit
      {static_cast<uint32_t>(kMaxPayload), 0, RecordKind::kMessage, 0},  // beyond the ring
      {1, 4, RecordKind::kMessage, 0},                                   // no such sender
      {1, 0, static_cast<RecordKind>(0), 0},
      {1, 0, static_cast<RecordKind>(4), 0},
      {1, 0, RecordKind::kMessage, 1},
  };
  for (const RecordDescription& description : invalid) {
    Observer observer(ring_.ring, Start::kRelease);
    Claim(start() + 128);
    ring_.SetRecord(start(), description);
    EXPECT_EQ(Next(&observer), "-corrupt") << description.length;
    EXPECT_EQ(Next(&observer), "-corrupt") << "again";
    EXPECT_EQ(observer.cursor(), start());
  }
}

TEST_P(ObserverTest, RejectsPositionsThatContradictEachOther) {
  Observer observer(ring_.ring, Start::kClaim);
  ring_.SetPositions(start(), start() + kSmallCapacity + 64);
  EXPECT_EQ(Next(&observer), "-corrupt");
  ring_.SetPositions(start() + 64, start());
  EXPECT_EQ(Next(&observer), "-corrupt");
  ring_.SetPositions(start() + 8, start() + 64);
  EXPECT_EQ(Next(&observer), "-corrupt");
  ring_.SetPositions(start(), start() | 32);
  EXPECT_EQ(Next(&observer), "-corrupt");
  // Behind the cursor, and consistent in themselves.
  ring_.SetPositions(start() - 128, start() - 64);
  EXPECT_EQ(Next(&observer), "-corrupt");
  ring_.StartAt(start());
  EXPECT_EQ(Next(&observer), "-nothing");
}

TEST_P(ObserverTest, StartsInADamagedRing) {
  for (const Start how : {Start::kClaim, Start::kRelease, Start::kKept, Start::kAll}) {
    ring_.SetPositions(start() + 8, start() + 3 * kSmallCapacity + 33);
    Observer observer(ring_.ring, how);
    EXPECT_EQ(Next(&observer), "-corrupt");
  }
}

}  // namespace
}  // namespace ipmpsc::internal
