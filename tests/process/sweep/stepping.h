// How far somebody is let go before being killed.
#ifndef TESTS_PROCESS_SWEEP_STEPPING_H_
#define TESTS_PROCESS_SWEEP_STEPPING_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/testing/process_stepper.h"

namespace ipmpsc::testing {

enum class Grain {
  kInstruction,
  // A system call, or an instruction that changes the segment. A death between two events leaves
  // the same as one right after the first of them.
  kEvent,
  // A system call; nothing between two of them is stepped through.
  kSystemCall,
};

struct KillPoint {
  Grain grain;
  uint64_t count;  // 0: before the first
};
std::string Describe(const KillPoint& point);

// Acts of the others meanwhile. Either may be null.
struct Meanwhile {
  std::function<void()> after_step;
  // The stepped one sleeps on a futex. Falling asleep counts as one instruction, or event, and
  // waking up as another.
  std::function<void()> asleep;
};

enum class Reached { kPoint, kEnd };

// Steps from here to the point, or to the end of the operation if that comes first. `segment`: what
// is watched for changes; may be empty.
Reached StepTo(SteppedChild* child, const KillPoint& point, absl::string_view segment,
               const Meanwhile& meanwhile);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_STEPPING_H_
