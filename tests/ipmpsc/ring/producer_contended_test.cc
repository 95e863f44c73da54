// A sender that loses every race. So that it really does, the processor single-steps it, and
// between any two of its instructions somebody else claims.
#include <signal.h>

#include <atomic>
#include <cstdint>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/producer.h"

namespace ipmpsc::internal {
namespace {

ControlBlock control;
SenderSlot slots[1];

// Runs after each instruction. Everybody else claims a record, the receiver releases one.
void MoveOn(int) {
  control.claim_position.fetch_add(16);
  control.release_position.fetch_add(16);
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
    struct sigaction action = {};
    action.sa_handler = MoveOn;
    sigaction(SIGTRAP, &action, nullptr);
    ring_.control = &control;
    ring_.sender_slots = slots;
    ring_.sender_slot_count = 1;
    // Without data: a claim does not touch it. Never full.
    ring_.capacity = uint64_t{1} << 40;
    control.claim_position = 0;
    control.release_position = 0;
    slots[0].intent_position = kNoIntent;
    slots[0].intent_size = 0;
  }

  Ring ring_ = {};
};

TEST_F(ProducerContendedTest, LosingEveryRaceEndsAsContendedWithoutAnIntent) {
  Producer producer(ring_, 0);
  Position claimed = 0x5555;
  StartStepping();
  const ClaimResult result = producer.Claim(64, &claimed);
  StopStepping();
  EXPECT_EQ(result, ClaimResult::kContended);
  EXPECT_EQ(claimed, 0x5555u);
  EXPECT_EQ(slots[0].intent_position, kNoIntent);
  EXPECT_EQ(slots[0].intent_size, 64u) << "it had an intent in between";
  EXPECT_GE(control.claim_position, uint64_t{Producer::kMaxLostRaces} * 16)
      << "nobody got in between";
}

TEST_F(ProducerContendedTest, PositionsThatKeepMovingAreContendedAndNotCorrupt) {
  Producer producer(ring_, 0);
  // What the producer remembers says full, so it looks; and whenever it looks, more is released
  // than it saw claimed.
  control.claim_position = 4 * ring_.capacity;
  control.release_position = 4 * ring_.capacity;
  Position claimed = 0x5555;
  StartStepping();
  const ClaimResult result = producer.Claim(64, &claimed);
  StopStepping();
  EXPECT_EQ(result, ClaimResult::kContended);
  EXPECT_EQ(claimed, 0x5555u);
  EXPECT_EQ(slots[0].intent_position, kNoIntent);
  EXPECT_EQ(slots[0].intent_size, 0u) << "it never saw space";
}

TEST_F(ProducerContendedTest, OnceTheOthersRestItGetsItsClaim) {
  Producer producer(ring_, 0);
  Position claimed;
  StartStepping();
  const ClaimResult contended = producer.Claim(64, &claimed);
  StopStepping();
  ASSERT_EQ(contended, ClaimResult::kContended);
  const Position next = control.claim_position;
  ASSERT_EQ(producer.Claim(64, &claimed), ClaimResult::kClaimed);
  EXPECT_EQ(claimed, next);
  EXPECT_EQ(slots[0].intent_position, next);
}

}  // namespace
}  // namespace ipmpsc::internal
