// Operation: what somebody does on a stage while being stepped, and what everybody else does
// around it. The sweep kills at every point of it.
#ifndef TESTS_PROCESS_SWEEP_OPERATION_H_
#define TESTS_PROCESS_SWEEP_OPERATION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/process/sweep/findings.h"
#include "tests/process/sweep/stage.h"
#include "tests/process/sweep/stepping.h"

namespace ipmpsc::testing {

// Where the receiver is that must survive.
enum class ReceiverPlace {
  kHere,        // in this process; receives after the death
  kSleeping,    // in another one, asleep before the operation begins
  kArriving,    // in another one; attaches, and goes to sleep, when the operation stands still
  kSteppedOne,  // none: the stepped one is the receiver, and its successor is here
};

struct Operation {
  using Act = std::function<void(Stage&)>;

  std::string name;
  Grain grain = Grain::kInstruction;
  ReceiverPlace receiver = ReceiverPlace::kHere;
  bool timestamps = false;
  // After it the channel may have ended; then its stage is used up.
  bool may_end = false;
  // Whether the stepped one holds a sender's slot when the operation is whole.
  uint32_t living_at_end = 1;

  Act arrange;     // the test, before; may be null
  Act prepare;     // the stepped one, before
  Act operate;     // the stepped one, stepped
  Act after_step;  // the test, after each step; may be null
  Act asleep;      // the test, when the stepped one sleeps; may be null
  // The test, after the death: what the living still have to do, and what else must hold then. May
  // be null.
  std::function<void(Stage&, Findings*)> settle;
  // How far the stepped one had got.
  std::function<std::string(const Stage&)> outcome;
};

// Whether what a death leaves is looked for at once, or adds up.
enum class LeakCheck { kAtOnce, kLater };

// Kills once. Returns whether the operation goes on behind that point.
bool KillOnce(const Operation& operation, const KillPoint& point, LeakCheck leak_check,
              Stage& stage, Findings* findings);

// How close the kill points lie.
struct Spacing {
  // After each instruction: 1. Otherwise after each event, and after each `every`-th instruction
  // besides, counted from `phase`.
  uint64_t every = 1;
  uint64_t phase = 0;
};

// Kills at every point, on a stage of its own. Gives up on an operation with many faults.
void SweepOperation(const Operation& operation, const Spacing& spacing, Findings* findings);

// Gives up on a sweep with so many.
inline constexpr uint64_t kManyFaults = 10;

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_OPERATION_H_
