#include "tests/process/sweep/operation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/process/sweep/checker.h"

namespace ipmpsc::testing {
namespace {

constexpr size_t kFreshSize = 100;

void Check(const Operation& operation, LeakCheck leak_check, uint32_t living, Stage& stage,
           Findings* findings) {
  const uint64_t faults = findings->faults();
  if (operation.may_end && stage.HasEnded()) {
    CheckEnded(stage, findings);
    return;
  }
  CheckDelivery(stage, kFreshSize, findings);
  // The later checks assume that delivery works.
  if (findings->faults() != faults) return;
  if (stage.other.pid() > 0 && stage.other.Wait(kHangs) == "still lives") {
    findings->Count(SweepFault::kHung, "a sender that lives does not get on");
  }
  if (leak_check == LeakCheck::kAtOnce) CheckNothingLeaked(stage, living, findings);
  if (operation.receiver == ReceiverPlace::kSteppedOne) stage.receiver.reset();
}

}  // namespace

bool KillOnce(const Operation& operation, const KillPoint& point, LeakCheck leak_check,
              Stage& stage, Findings* findings) {
  findings->At(absl::StrCat(operation.name, ", killed ", Describe(point)));
  stage.Begin();
  const bool here = operation.receiver == ReceiverPlace::kHere;
  if (here) {
    const absl::Status attached = stage.AttachReceiver();
    if (!attached.ok()) GiveUp(attached.ToString());
  } else {
    stage.receiver.reset();
  }
  if (operation.arrange) operation.arrange(stage);
  stage.arranged = stage.Committed();
  stage.owners_before = stage.Owners();
  const internal::Position claim = stage.claim_position();
  if (operation.receiver == ReceiverPlace::kSleeping) {
    stage.receiver_process = std::make_unique<ReceiverProcess>(stage.channel);
    if (!stage.receiver_process->AwaitAsleep(stage.ring(), claim)) {
      GiveUp("the receiver does not go to sleep");
    }
  }
  SteppedChild child([&] { operation.prepare(stage); }, [&] { operation.operate(stage); });
  if (!child.alive()) {
    findings->Count(SweepFault::kLeaked, "it cannot even begin");
    return false;
  }
  // The claim in `prepare` has woken the receiver.
  if (operation.receiver == ReceiverPlace::kSleeping &&
      !stage.receiver_process->AwaitAsleep(stage.ring(), claim)) {
    findings->Count(SweepFault::kHung, "the receiver does not go to sleep again");
    return false;
  }
  Meanwhile meanwhile;
  if (operation.after_step) meanwhile.after_step = [&] { operation.after_step(stage); };
  if (operation.asleep) meanwhile.asleep = [&] { operation.asleep(stage); };
  const Reached reached = StepTo(&child, point, stage.Segment(), meanwhile);
  if (operation.receiver == ReceiverPlace::kArriving) {
    stage.receiver_process = std::make_unique<ReceiverProcess>(stage.channel);
    // A receiver that finds a message goes to sleep after it.
    const bool committed = stage.Committed().size() != 0;
    if (!stage.receiver_process->AwaitAsleep(stage.ring(),
                                             committed ? stage.claim_position() : claim)) {
      findings->Count(SweepFault::kHung, "the receiver does not go to sleep");
    }
  }
  const bool whole = reached == Reached::kEnd;
  const std::string outcome = operation.outcome(stage);
  const auto check = [&](uint32_t living) {
    if (operation.settle) operation.settle(stage, findings);
    Check(operation, leak_check, living, stage, findings);
  };
  // First checks with the stepped process alive. It is idle, so no process may wait for it.
  if (whole && operation.receiver != ReceiverPlace::kSteppedOne) check(operation.living_at_end);
  child.Kill();
  findings->CountDeath(outcome);
  // An ended channel was already checked.
  if (!(whole && stage.HasEnded())) check(0);
  return !whole;
}

void SweepOperation(const Operation& operation, const Spacing& spacing, Findings* findings) {
  auto stage = std::make_unique<Stage>(operation.timestamps);
  const auto goes_on = [&](const KillPoint& point) {
    const uint64_t faults = findings->faults();
    const bool more = KillOnce(operation, point, LeakCheck::kAtOnce, *stage, findings);
    // The remains of a fault must not count for the next point.
    if (findings->faults() != faults || stage->HasEnded()) {
      stage = std::make_unique<Stage>(operation.timestamps);
    }
    return more && findings->faults() < kManyFaults;
  };
  if (operation.grain == Grain::kEvent || spacing.every > 1) {
    for (KillPoint point = {Grain::kEvent, 0}; goes_on(point); ++point.count) {
    }
  }
  if (operation.grain == Grain::kInstruction) {
    const uint64_t first = spacing.every > 1 ? spacing.phase % spacing.every : 0;
    for (KillPoint point = {Grain::kInstruction, first}; goes_on(point);
         point.count += spacing.every) {
    }
  }
}

}  // namespace ipmpsc::testing
