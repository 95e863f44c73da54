// Tests a sender that loses every race. The processor single-steps it, and another sender claims
// between any two of its instructions.
#include <signal.h>

#include <atomic>
#include <cstdint>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/producer.h"
#include "ipmpsc/internal/ring/tuning.h"

namespace ipmpsc::internal {
namespace {

ControlBlock control;
SenderSlot slots[1];

// Runs after each instruction: another sender claims a record, and the receiver releases one.
void MoveOn(int) {
  control.claim_word.fetch_add(64);
  control.release_position.fetch_add(64);
}

// The instruction after which the channel ends, and the claim word at that moment.
int64_t ends_after;
ClaimWord end_word;

// Ends the channel once, between two instructions of the claim.
void EndLater(int) {
  if (ends_after-- == 0) end_word = control.claim_word.fetch_or(kClaimClosed) | kClaimClosed;
}

void OnEachStep(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigaction(SIGTRAP, &action, nullptr);
}

#if defined(__x86_64__)
constexpr bool kCanStep = true;
constexpr uint64_t kTrapFlag = 0x100;
void StartStepping() {
  __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | kTrapFlag);
}
void StopStepping() {
  __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~kTrapFlag);
}
#else
constexpr bool kCanStep = false;
void StartStepping() {}
void StopStepping() {}
#endif

class ProducerContendedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kCanStep) GTEST_SKIP() << "this processor cannot be made to single-step";
    OnEachStep(MoveOn);
    ring_.control = &control;
    ring_.sender_slots = slots;
    ring_.sender_slot_count = 1;
    // Has no data, since a claim does not touch it, and is never full.
    ring_.capacity = uint64_t{1} << 40;
    control.claim_word = 0;
    control.release_position = 0;
    slots[0].intent_position = kNoIntent;
    slots[0].intent_size = 0;
    slots[0].lost_races = 0;
    slots[0].high_water = 0;
    end_word = 0;
    ends_after = INT64_MAX;
  }

  Ring ring_ = {};
};

TEST_F(ProducerContendedTest, ClaimThatLosesEveryRaceIsContendedWithoutAnIntent) {
  Producer producer(ring_, 0);
  Position claimed = 0x5555;
  StartStepping();
  const ClaimResult result = producer.Claim(64, &claimed);
  StopStepping();
  EXPECT_EQ(result, ClaimResult::kContended);
  EXPECT_EQ(claimed, 0x5555u);
  EXPECT_EQ(slots[0].intent_position, kNoIntent);
  EXPECT_EQ(slots[0].intent_size, 64u) << "it had an intent in between";
  EXPECT_GE(control.claim_word, uint64_t{Producer::kMaxLostRaces} * 64) << "nobody got in between";
  EXPECT_EQ(slots[0].lost_races, uint64_t{Producer::kMaxLostRaces});
  // Each instruction is a claim of another sender. Most pauses have the full length.
  EXPECT_GE(control.claim_word / 64,
            uint64_t{Producer::kMaxLostRaces} * 9 / 10 * tuning::kMostLostRacePauses)
      << "it left the word to the others for too short a time";
}

TEST_F(ProducerContendedTest, FastClaimCountsTheRaceThatItLosesAndPauses) {
  Producer producer(ring_, 0);
  Position claimed = 0x5555;
  StartStepping();
  const bool claims = producer.TryFastClaim(64, &claimed);
  StopStepping();
  EXPECT_FALSE(claims);
  EXPECT_EQ(claimed, 0x5555u);
  EXPECT_EQ(slots[0].lost_races, 1u);
  EXPECT_GE(control.claim_word / 64, uint64_t{tuning::kLostRacePauses});
}

TEST_F(ProducerContendedTest, PositionsThatKeepMovingAreContendedAndNotCorrupt) {
  Producer producer(ring_, 0);
  // The producer's cached release position says full, so it reloads it. At each reload, more is
  // released than it saw claimed.
  control.claim_word = 4 * ring_.capacity;
  control.release_position = 4 * ring_.capacity;
  Position claimed = 0x5555;
  StartStepping();
  const ClaimResult result = producer.Claim(64, &claimed);
  StopStepping();
  EXPECT_EQ(result, ClaimResult::kContended);
  EXPECT_EQ(claimed, 0x5555u);
  EXPECT_EQ(slots[0].intent_position, kNoIntent);
  EXPECT_EQ(slots[0].intent_size, 0u) << "it never saw space";
  EXPECT_EQ(slots[0].lost_races, 0u);
}

TEST_F(ProducerContendedTest, ClaimSucceedsOnceTheOthersPause) {
  Producer producer(ring_, 0);
  Position claimed;
  StartStepping();
  const ClaimResult contended = producer.Claim(64, &claimed);
  StopStepping();
  ASSERT_EQ(contended, ClaimResult::kContended);
  const Position next = control.claim_word;
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, next);
  EXPECT_EQ(slots[0].intent_position, next);
}

// Ends the channel between any two instructions of a claim in turn. The claim precedes the end, or
// fails and changes nothing.
TEST_F(ProducerContendedTest, EachClaimPrecedesTheEndOrFails) {
  OnEachStep(EndLater);
  int preceded = 0;
  int failed = 0;
  for (const bool fast : {true, false}) {
    for (int64_t step = 0;; ++step) {
      ASSERT_LT(step, 10000) << "the claim never ended before the channel";
      control.claim_word = 128;
      control.release_position = 64;
      slots[0].intent_position = kNoIntent;
      Producer producer(ring_, 0);
      Position claimed = 0x5555;
      end_word = 0;
      ends_after = step;
      StartStepping();
      const bool claims = fast ? producer.TryFastClaim(64, &claimed)
                               : producer.Claim(64, &claimed) == ClaimResult::kClaimed;
      StopStepping();
      if (end_word == 0) break;  // the claim was over before
      ASSERT_EQ(control.claim_word, end_word) << "the word moved after its end, step " << step;
      ASSERT_EQ(end_word, (claims ? 192 : 128) | kClaimClosed) << "step " << step;
      ASSERT_EQ(claimed, claims ? 128u : 0x5555u) << "step " << step;
      ++(claims ? preceded : failed);
      // Either way the next claim fails.
      ASSERT_FALSE(producer.TryFastClaim(64, &claimed));
      ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kEnded);
      ASSERT_EQ(slots[0].intent_position, kNoIntent);
    }
  }
  EXPECT_GT(preceded, 2);
  EXPECT_GT(failed, 2);
}

}  // namespace
}  // namespace ipmpsc::internal
