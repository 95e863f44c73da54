#include "tests/process/sweep/stepping.h"

#include "absl/strings/str_cat.h"

namespace ipmpsc::testing {

std::string Describe(const KillPoint& point) {
  const char* unit = point.grain == Grain::kInstruction ? "instruction "
                     : point.grain == Grain::kEvent     ? "event "
                                                        : "system call ";
  return absl::StrCat("after ", unit, point.count);
}

Reached StepTo(SteppedChild* child, const KillPoint& point, absl::string_view segment,
               const Meanwhile& meanwhile) {
  if (point.grain == Grain::kSystemCall) {
    for (uint64_t passed = 0; passed < point.count; ++passed) {
      if (!child->RunThroughSystemCall()) return Reached::kEnd;
    }
    return Reached::kPoint;
  }
  std::string before(segment);
  for (uint64_t passed = 0; passed < point.count;) {
    SteppedChild::Next next = SteppedChild::Next::kInstruction;
    if (point.grain == Grain::kEvent || meanwhile.asleep) next = child->Peek();
    bool slept = false;
    if (next == SteppedChild::Next::kFutexWait) {
      slept = child->StepIntoSleep();
      if (slept) {
        if (++passed == point.count) return Reached::kPoint;
        if (meanwhile.asleep) meanwhile.asleep();
      }
      if (!child->FinishStep()) return Reached::kEnd;
    } else if (!child->Step()) {
      return Reached::kEnd;
    }
    bool is_event = next != SteppedChild::Next::kInstruction;
    if (point.grain == Grain::kEvent && segment != before) {
      before = std::string(segment);
      is_event = true;
    }
    if (point.grain == Grain::kInstruction || is_event) ++passed;
    // Runs after the count, so that changes by others do not count for the stepped process.
    if (meanwhile.after_step) {
      meanwhile.after_step();
      if (point.grain == Grain::kEvent) before = std::string(segment);
    }
  }
  return Reached::kPoint;
}

}  // namespace ipmpsc::testing
