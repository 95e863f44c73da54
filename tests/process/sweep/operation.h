// Operation: the work of a stepped process on a stage, and the work of all others around it. The
// sweep kills at every point of it.
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

// The place of the receiver that must survive.
enum class ReceiverPlace {
  kHere,        // in this process; receives after the death
  kSleeping,    // in another process, asleep before the operation begins
  kArriving,    // in another process; attaches and sleeps once the operation stands still
  kSteppedOne,  // the stepped process is the receiver; its successor is here
};

struct Operation {
  using Act = std::function<void(Stage&)>;

  std::string name;
  Grain grain = Grain::kInstruction;
  ReceiverPlace receiver = ReceiverPlace::kHere;
  bool timestamps = false;
  // Whether the operation may end the channel. Its stage is not reused then.
  bool may_end = false;
  // The number of sender slots that the stepped process holds after the operation.
  uint32_t living_at_end = 1;

  Act arrange;     // by the test, before; may be null
  Act prepare;     // by the stepped process, before
  Act operate;     // by the stepped process, stepped
  Act after_step;  // by the test, after each step; may be null
  Act asleep;      // by the test, while the stepped process sleeps; may be null
  // By the test, after the death: the remaining work of the living, and further checks. May be
  // null.
  std::function<void(Stage&, Findings*)> settle;
  // Describes how far the stepped process had got.
  std::function<std::string(const Stage&)> outcome;
};

// Whether leaks are checked after each death or accumulate.
enum class LeakCheck { kAtOnce, kLater };

// Kills once. Returns whether the operation continues after that point.
bool KillOnce(const Operation& operation, const KillPoint& point, LeakCheck leak_check,
              Stage& stage, Findings* findings);

// The distance between kill points.
struct Spacing {
  // With 1, kills after each instruction. Otherwise kills after each event, and after each
  // `every`-th instruction from `phase` on.
  uint64_t every = 1;
  uint64_t phase = 0;
};

// Kills at every point on a new stage. Stops early at an operation with many faults.
void SweepOperation(const Operation& operation, const Spacing& spacing, Findings* findings);

// The number of faults at which a sweep stops.
inline constexpr uint64_t kManyFaults = 10;

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_OPERATION_H_
