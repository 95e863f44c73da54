#include "tests/process/sweep/many_deaths.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/process/sweep/checker.h"
#include "tests/process/sweep/operation.h"
#include "tests/process/sweep/operations.h"
#include "tests/process/sweep/stage.h"
#include "tests/process/sweep/stepping.h"
#include "tests/testing/process/message.h"

namespace ipmpsc::testing {
namespace {

// A point after the end of an operation kills when it is complete. These exceed most operations.
constexpr uint64_t kInstructions = 500;
constexpr uint64_t kEvents = 30;

KillPoint SomePoint(Grain grain, uint64_t number) {
  const uint64_t random = Mix(number, 0);
  // Every second point is an event. Events are spread over the whole operation, whatever the number
  // of instructions.
  if (grain == Grain::kEvent || (random >> 32) % 2 == 0) return {Grain::kEvent, random % kEvents};
  return {Grain::kInstruction, random % kInstructions};
}

}  // namespace

void SweepManyDeaths(uint64_t deaths, Findings* findings) {
  std::vector<Operation> operations = SenderOperations();
  for (Operation& operation : ReceiverOperations()) operations.push_back(std::move(operation));
  // These operations need a new channel each time.
  operations.erase(std::remove_if(operations.begin(), operations.end(),
                                  [](const Operation& operation) {
                                    return operation.may_end || operation.timestamps;
                                  }),
                   operations.end());
  Stage stage;
  for (uint64_t death = 0; death < deaths; ++death) {
    const Operation& operation = operations[death % operations.size()];
    KillOnce(operation, SomePoint(operation.grain, death), LeakCheck::kLater, stage, findings);
    // The state of this channel is unknown after a fault.
    if (findings->faults() != 0) return;
  }
  findings->At(absl::StrCat("after ", deaths, " deaths"));
  const absl::Status attached = stage.AttachReceiver();
  if (!attached.ok()) {
    findings->Count(SweepFault::kHung, attached.ToString());
    return;
  }
  CheckNothingLeaked(stage, 0, findings);
}

}  // namespace ipmpsc::testing
