// Runs random interleavings of senders that die at any step, and compares them with a reference
// that only records the owner of each claim.
//
// Simulated senders take one step at a time, one word each. The receiver is the real one. During
// its scan, each check of an owner's liveness lets the other senders continue. The invariants: each
// receiver gets every committed message once, complete, in the order of claims. It steps over an
// orphaned claim exactly to its end, and only if the owner is dead. No sender is blocked for ever.
// Once the channel is closed, the claim position does not move. Some senders meet the turn bit. In
// every second run, each message has a trailer.
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/consumer.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/producer.h"
#include "ipmpsc/internal/ring/turn.h"
#include "tests/ipmpsc/ring/simulated_sender.h"
#include "tests/testing/ring_fixture.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::kEdgePositions;
using ::ipmpsc::testing::kSmallCapacity;
using ::ipmpsc::testing::TestRing;

// The reference's record of one claim.
struct Claimed {
  uint64_t size;
  uint16_t slot;
  int incarnation;  // of the slot's owner
  bool committed = false;
  bool discarded = false;
  std::string payload;
  std::string batched;    // payload of the message after it, in a batch
  uint64_t sequence = 0;  // of its trailer
};

class World {
 public:
  World(TestRing* test, uint32_t seed) : test_(test), random_(seed) {
    test_->ring.trailer_size = seed % 2 == 0 ? 0 : sizeof(RecordTrailer);
    BeginAt(kEdgePositions[seed % std::size(kEdgePositions)]);
    for (uint16_t slot = 0; slot < test_->ring.sender_slot_count; ++slot) {
      senders_.emplace_back(test_->ring, slot);
      test_->SetIntent(slot, kNoIntent, 0);
      test_->ring.sender_slots[slot].sequence = 0;
    }
    incarnation_.resize(senders_.size());
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      if (random_() % 4000 == 0) {
        Close();
      } else if (Chance(1)) {
        TurnsBit();
      } else if (Chance(25)) {
        StepReceiver();
      } else {
        StepSomeSender();
      }
    }
    for (SimulatedSender& sender : senders_) sender.Die();
    DrainAll();
  }

  int orphaned() const { return orphaned_; }
  int received() const { return received_; }
  int losers() const { return losers_; }
  int batches() const { return batches_; }
  int refused() const { return refused_; }
  int turns() const { return turns_; }
  bool closed() const { return closed_at_.has_value(); }

 private:
  bool Chance(uint32_t percent) { return random_() % 100 < percent; }

  void BeginAt(Position start) {
    start_ = start;
    test_->StartAt(start);
    test_->ring.stamp_key = (uint64_t{random_()} << 32) | random_();
    consumer_.emplace(test_->ring, start);
  }

  void Close() {
    // Announces first, as `Segment::End` does. Some die in between.
    test_->ring.control->claim_word.fetch_or(kClaimEnding);
    if (Chance(30)) return;
    const ClaimWord before =
        test_->ring.control->claim_word.fetch_or(Chance(50) ? kClaimClosed : kClaimReplaced);
    if (!closed_at_) closed_at_ = ClaimPosition(before);
  }

  // A sender takes the turn, or another one clears the bit of an expired turn.
  void TurnsBit() {
    if (Chance(70)) {
      TakeTurn(test_->ring.control, 0, 64, 1 + kTurnDuration);
      test_->ring.control->turn = 0;
    } else {
      ClearTurnBit(test_->ring.control);
    }
  }

  uint64_t SizeOf(uint64_t payload) const { return test_->ring.RecordSizeOf(payload); }

  Plan NewPlan() {
    Plan plan;
    // Few sizes, so that ends of losers and winners often coincide. Some fill the ring.
    plan.claimed_payload = Chance(5) ? 1000 + random_() % 3000 : 16 * (random_() % 20);
    plan.payload = Chance(30) ? random_() % (plan.claimed_payload + 1) : plan.claimed_payload;
    plan.discard = plan.payload == plan.claimed_payload && Chance(15);
    plan.batch = SizeOf(plan.payload) < SizeOf(plan.claimed_payload) && Chance(50);
    plan.turn_bit = Chance(50) ? TurnBit::kRespect : Chance(80) ? TurnBit::kKeep : TurnBit::kClear;
    return plan;
  }

  // Returns a payload with the stamps of earlier laps at its position, as a payload that was copied
  // from the ring may have.
  std::string PayloadFor(Position position, const Plan& plan) {
    std::string payload(plan.payload, static_cast<char>('a' + random_() % 26));
    for (uint64_t at = 0; at + 8 <= payload.size(); at += 16) {
      const Position place = position + sizeof(RecordHeader) + at;
      const uint64_t word = test_->ring.StampOf(place - kSmallCapacity * (1 + random_() % 3));
      std::memcpy(&payload[at], &word, sizeof(word));
    }
    return payload;
  }

  void StepSomeSender() {
    SimulatedSender& sender = senders_[random_() % senders_.size()];
    using Step = SimulatedSender::Step;
    if (!sender.alive()) {
      if (Chance(30)) {
        sender.TryAttach();
        ++incarnation_[sender.slot()];
      }
      return;
    }
    if (Chance(4)) {
      if (sender.step() == Step::kCas) ++losers_;
      sender.Die();
      return;
    }
    if (sender.step() == Step::kIdle) {
      if (Chance(5)) {
        sender.Detach();
      } else {
        sender.Begin(NewPlan());
      }
      return;
    }
    const Position filler = sender.position() + SizeOf(sender.plan().payload);
    const ClaimWord word_before = test_->claim_word();
    const Step done = sender.Advance([this](Position position, const Plan& plan) {
      Claimed& claim = claims_[position - start_];
      claim.payload = PayloadFor(position, plan);
      std::memcpy(test_->ring.At(position) + sizeof(RecordHeader), claim.payload.data(),
                  claim.payload.size());
      if (!plan.batch) return;
      const uint64_t first = SizeOf(plan.payload);
      claim.batched.assign(claim.size - first - sizeof(RecordHeader) - test_->ring.trailer_size,
                           static_cast<char>('A' + random_() % 26));
      std::memcpy(test_->ring.At(position + first) + sizeof(RecordHeader), claim.batched.data(),
                  claim.batched.size());
    });
    if (done == Step::kCas && sender.step() == Step::kPayload) {
      ASSERT_FALSE(closed_at_) << "claimed after the end";
      if (HasTurnBit(word_before)) {
        ASSERT_NE(sender.plan().turn_bit, TurnBit::kRespect);
        ASSERT_EQ(HasTurnBit(test_->claim_word()), sender.plan().turn_bit == TurnBit::kKeep);
        ++turns_;
      }
      Claimed claim;
      claim.size = sender.size();
      claim.slot = sender.slot();
      claim.incarnation = incarnation_[sender.slot()];
      ASSERT_TRUE(claims_.emplace(sender.position() - start_, claim).second);
    } else if (done == Step::kStamp) {
      Claimed& claim = claims_.at(sender.position() - start_);
      claim.committed = true;
      claim.discarded = sender.plan().discard;
      claim.sequence = LastSequence(sender);
      if (sender.plan().batch) {
        // The claim holds two messages from now on.
        Claimed second = claim;
        claim.size = SizeOf(claim.payload.size());
        second.size -= claim.size;
        second.payload = claim.batched;
        // The second trailer was written before the first.
        if (second.sequence != 0) --second.sequence;
        claims_[sender.position() + claim.size - start_] = second;
        ++batches_;
      }
    } else if (done == Step::kFillerStamp && !sender.plan().batch) {
      fillers_[filler - start_] =
          claims_.at(sender.position() - start_).size - SizeOf(sender.plan().payload);
    } else if (sender.step() == Step::kIdle && sender.saw_end()) {
      ASSERT_TRUE(closed_at_);
      ++refused_;
    }
  }

  // Returns the number in the sender's last trailer, or 0 without trailers.
  uint64_t LastSequence(const SimulatedSender& sender) const {
    return test_->ring.sender_slots[sender.slot()].sequence;
  }

  bool OwnerLives(const Claimed& claim) const {
    return senders_[claim.slot].alive() && incarnation_[claim.slot] == claim.incarnation;
  }

  void StepReceiver() {
    const uint32_t what = random_() % 100;
    if (what < 55) {
      Take();
    } else if (what < 75) {
      Recover();
    } else if (what < 97) {
      Release();
    } else {
      // Another receiver starts at the last released position.
      consumer_.emplace(test_->ring, test_->release());
    }
  }

  // Moves `head` over the records that the receiver skips: discarded claims and fillers.
  Position SkipDiscarded(Position head) const {
    for (;;) {
      const auto filler = fillers_.find(head - start_);
      if (filler != fillers_.end()) {
        head += filler->second;
        continue;
      }
      const auto claim = claims_.find(head - start_);
      if (claim == claims_.end() || !claim->second.committed || !claim->second.discarded)
        return head;
      head += claim->second.size;
    }
  }

  void Take() {
    const Position expected = SkipDiscarded(consumer_->head());
    TakenRecord taken;
    const TakeResult result = consumer_->Take(&taken);
    ASSERT_NE(result, TakeResult::kCorrupt);
    const auto claim = claims_.find(expected - start_);
    if (result == TakeResult::kNone) {
      ASSERT_TRUE(claim == claims_.end() || !claim->second.committed) << "a message was not seen";
      ASSERT_EQ(consumer_->head(), expected);
      return;
    }
    ASSERT_NE(claim, claims_.end()) << "a message that nobody claimed";
    ASSERT_TRUE(claim->second.committed) << "a message that nobody committed";
    ASSERT_EQ(taken.position, expected);
    ASSERT_EQ(taken.sender, claim->second.slot);
    ASSERT_EQ(std::string(taken.payload, taken.length), claim->second.payload) << "torn";
    ASSERT_EQ(taken.trailer.sequence, claim->second.sequence);
    ASSERT_EQ(taken.trailer.committed, -static_cast<int64_t>(claim->second.sequence));
    ++received_;
  }

  void Recover() {
    const Position head = consumer_->head();
    const Scan scan = consumer_->Recover([this](uint16_t slot) {
      // Other senders continue before and after the answer.
      for (uint32_t i = random_() % 4; i > 0; --i) StepSomeSender();
      const bool alive = senders_[slot].alive();
      for (uint32_t i = random_() % 4; i > 0; --i) StepSomeSender();
      // Sometimes the kernel does not answer.
      if (Chance(5)) return OwnerState::kUnknown;
      return alive ? OwnerState::kAlive : OwnerState::kDead;
    });
    const auto found = claims_.find(head - start_);
    switch (scan.result) {
      case ScanResult::kUnclaimed:
        ASSERT_EQ(head, test_->claim());
        break;
      case ScanResult::kCommitted:
        ASSERT_TRUE(fillers_.count(head - start_) != 0 ||
                    (found != claims_.end() && found->second.committed));
        break;
      case ScanResult::kOwnerAlive:
        ASSERT_NE(found, claims_.end());
        break;
      case ScanResult::kUndecided:
        ASSERT_EQ(consumer_->head(), head);
        break;
      case ScanResult::kUnowned:
        FAIL() << "sound words were called contradictory";
      case ScanResult::kOrphaned: {
        ASSERT_NE(found, claims_.end());
        ASSERT_FALSE(found->second.committed) << "a committed message was stepped over";
        ASSERT_FALSE(OwnerLives(found->second)) << "the living were robbed";
        const bool at_filler =
            scan.end - head < found->second.size && fillers_.count(scan.end - start_) != 0;
        ASSERT_TRUE(at_filler || scan.end == head + found->second.size) << "a false boundary";
        ASSERT_EQ(consumer_->head(), scan.end);
        ++orphaned_;
        break;
      }
    }
  }

  void Release() {
    // The receiver has stepped over or taken whole records. Any record that begins before the head
    // may have been the last.
    const Position head = consumer_->head();
    Position end = consumer_->released();
    while (end != head && Chance(80)) {
      const auto claim = claims_.find(end - start_);
      const auto filler = fillers_.find(end - start_);
      if (filler != fillers_.end()) {
        end += filler->second;
      } else if (claim->second.committed &&
                 SizeOf(claim->second.payload.size()) < claim->second.size) {
        end += SizeOf(claim->second.payload.size());
      } else if (IsBefore(head, end + claim->second.size)) {
        end = head;  // ended at a filler
      } else {
        end += claim->second.size;
      }
    }
    consumer_->Release(end);
  }

  void DrainAll() {
    // All senders are dead. Every claim is taken or stepped over in slightly more checks than there
    // are claims.
    for (size_t looks = 4 * (claims_.size() + fillers_.size()) + 20; looks > 0; --looks) {
      if (::testing::Test::HasFailure()) return;
      Take();
      if (consumer_->head() == test_->claim()) break;
      Recover();
    }
    ASSERT_EQ(consumer_->head(), test_->claim()) << "stuck on the dead";
    if (closed_at_) {
      ASSERT_EQ(test_->claim(), *closed_at_) << "the claim position moved after the end";
    }
    consumer_->Release(consumer_->head());
    for (const SimulatedSender& sender : senders_) {
      ASSERT_TRUE(IsSlotReusable(test_->ring, sender.slot())) << "a slot is lost for ever";
    }
  }

  TestRing* const test_;
  std::mt19937 random_;
  Position start_ = 0;
  std::optional<Consumer> consumer_;
  std::vector<SimulatedSender> senders_;
  std::vector<int> incarnation_;
  std::map<uint64_t, Claimed> claims_;    // by distance from the start
  std::map<uint64_t, uint64_t> fillers_;  // sizes of the committed ones
  int orphaned_ = 0;
  int received_ = 0;
  int losers_ = 0;
  int batches_ = 0;
  int refused_ = 0;
  int turns_ = 0;
  std::optional<Position> closed_at_;  // the claim position at the close
};

TEST(ProtocolModelTest, NoMessageIsLostOrTornAndNoParticipantIsStuck) {
  int orphaned = 0;
  int received = 0;
  int losers = 0;
  int batches = 0;
  int refused = 0;
  int turns = 0;
  int closed = 0;
  for (const uint32_t slots : {2, 3, 5}) {
    TestRing test(slots);
    for (uint32_t seed = 0; seed < 2000; ++seed) {
      SCOPED_TRACE(::testing::Message() << slots << " slots, seed " << seed);
      World world(&test, seed);
      world.Run(1500);
      if (HasFailure()) return;
      orphaned += world.orphaned();
      received += world.received();
      losers += world.losers();
      batches += world.batches();
      refused += world.refused();
      turns += world.turns();
      closed += world.closed();
    }
  }
  // The random cases occurred often.
  EXPECT_GT(received, 100000);
  EXPECT_GT(orphaned, 10000);
  EXPECT_GT(losers, 1000);
  EXPECT_GT(batches, 10000);
  EXPECT_GT(refused, 1000);
  EXPECT_GT(turns, 10000);
  EXPECT_GT(closed, 500);
}

TEST(ProtocolModelTest, SimulatedSenderLeavesTheSameWordsAsTheRealOne) {
  TestRing real;
  TestRing simulated;
  real.ring.stamp_key = simulated.ring.stamp_key = 0x1234;
  real.StartAt(4032);
  simulated.StartAt(4032);

  Producer producer(real.ring, 2);
  producer.ClearIntent();
  Position claimed = 0;
  ASSERT_EQ(producer.Claim(RecordSize(100), &claimed), ClaimResult::kClaimed);
  producer.Commit(claimed + RecordSize(33), RecordSize(100) - RecordSize(33) - 16,
                  RecordKind::kDiscarded);
  producer.Commit(claimed, 33, RecordKind::kMessage);

  SimulatedSender sender(simulated.ring, 2);
  sender.TryAttach();
  const auto no_payload = [](Position, const Plan&) {};
  while (sender.step() != SimulatedSender::Step::kIdle) sender.Advance(no_payload);
  sender.Begin({100, 33, false});
  while (sender.step() != SimulatedSender::Step::kIdle) sender.Advance(no_payload);

  EXPECT_EQ(simulated.claim_word(), real.claim_word());
  EXPECT_EQ(simulated.intent(2), real.intent(2));
  EXPECT_EQ(simulated.intent_size(2), real.intent_size(2));
  EXPECT_EQ(std::memcmp(simulated.ring.data, real.ring.data, kSmallCapacity), 0);
}

TEST(ProtocolModelTest, BothTreatTheTurnBitAndTheEndAlike) {
  for (const ClaimWord bits : {ClaimWord{0}, kClaimTurn, kClaimClosed, kClaimReplaced | kClaimTurn,
                               kClaimEnding, kClaimEnding | kClaimTurn}) {
    for (const TurnBit turn_bit : {TurnBit::kRespect, TurnBit::kKeep, TurnBit::kClear}) {
      SCOPED_TRACE(::testing::Message() << bits << " " << static_cast<int>(turn_bit));
      TestRing real;
      TestRing simulated;
      real.SetPositions(64, 128 | bits);
      simulated.SetPositions(64, 128 | bits);
      Producer producer(real.ring, 1);
      producer.ClearIntent();
      Position claimed;
      const bool claims =
          producer.Claim(RecordSize(100), &claimed, turn_bit) == ClaimResult::kClaimed;

      SimulatedSender sender(simulated.ring, 1);
      sender.TryAttach();
      const auto no_payload = [](Position, const Plan&) {};
      while (sender.step() != SimulatedSender::Step::kIdle) sender.Advance(no_payload);
      sender.Begin({100, 100, false, false, turn_bit});
      while (sender.step() != SimulatedSender::Step::kIdle &&
             sender.step() != SimulatedSender::Step::kPayload) {
        sender.Advance(no_payload);
      }
      EXPECT_EQ(sender.step() == SimulatedSender::Step::kPayload, claims);
      EXPECT_EQ(simulated.claim_word(), real.claim_word());
      EXPECT_EQ(simulated.intent(1), real.intent(1));
    }
  }
}

}  // namespace
}  // namespace ipmpsc::internal
