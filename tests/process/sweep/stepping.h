// Steps a process up to a kill point.
#ifndef TESTS_PROCESS_SWEEP_STEPPING_H_
#define TESTS_PROCESS_SWEEP_STEPPING_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/testing/process/stepped_child.h"

namespace ipmpsc::testing {

enum class Grain {
  kInstruction,
  // A system call, or an instruction that changes the segment. A death between two events leaves
  // the same state as one right after the first.
  kEvent,
  // A system call. Nothing in between is stepped through.
  kSystemCall,
};

struct KillPoint {
  Grain grain;
  uint64_t count;  // 0: before the first
};
std::string Describe(const KillPoint& point);

// Work of the test during the steps. Either may be null.
struct Meanwhile {
  std::function<void()> after_step;
  // Called when the stepped process sleeps on a futex. Falling asleep counts as one instruction or
  // event, and waking up as another.
  std::function<void()> asleep;
};

enum class Reached { kPoint, kEnd };

// Steps to the point, or to the end of the operation if that comes first. Changes of `segment`
// count as events. It may be empty.
Reached StepTo(SteppedChild* child, const KillPoint& point, absl::string_view segment,
               const Meanwhile& meanwhile);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_STEPPING_H_
