#include <unistd.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/process/sweep/checker.h"
#include "tests/process/sweep/operations.h"

namespace ipmpsc::testing {
namespace {

constexpr size_t kSize = 200;

// Cell of the board where the stepped receiver records each release that it begins, one bit for
// each message.
constexpr size_t kReleasing = 0;

void AttachStepped(Stage& stage) {
  if (!stage.AttachReceiver().ok()) _exit(1);
}

void Take(Stage& stage, absl::Duration patience) {
  absl::StatusOr<Lease> lease = stage.receiver->Receive(patience);
  if (lease.ok()) stage.leases.push_back(*std::move(lease));
}

// Returns how many of the arranged messages may have been released: all before the first whose
// release has not begun.
size_t ReleasedAtMost(const Stage& stage) {
  size_t count = 0;
  while ((stage.board[kReleasing].load() >> count & 1) != 0) ++count;
  return count;
}

void CheckStepped(Stage& stage, Findings* findings) {
  CheckRelease(stage, ReleasedAtMost(stage), findings);
}

std::string ReleaseOutcome(const Stage& stage) {
  const size_t left = stage.Committed().size();
  const size_t all = stage.arranged.size();
  return left >= all ? "nothing released" : absl::StrCat("released ", all - left);
}

Operation Receiving(std::string name, Operation::Act operate) {
  Operation operation;
  operation.name = std::move(name);
  operation.receiver = ReceiverPlace::kSteppedOne;
  operation.prepare = AttachStepped;
  operation.operate = std::move(operate);
  operation.settle = CheckStepped;
  operation.outcome = ReleaseOutcome;
  return operation;
}

void ArrangeThree(Stage& stage) {
  for (int i = 0; i < 3; ++i) stage.SendMessage(kFilling, kSize + 100 * i);
}

// Arranges messages after a discarded record and an orphan.
void ArrangeBehindOrphan(Stage& stage) {
  {
    absl::StatusOr<Sender> sender = Sender::Attach(stage.channel);
    if (!sender.ok() || !sender->TryClaim(kSize).ok()) GiveUp("nothing to discard");
  }
  stage.LeaveOrphan(kSize);
  ArrangeThree(stage);
}

Operation TakeBehindOrphan() {
  Operation operation = Receiving("take-stepping-over-orphan",
                                  [](Stage& stage) { Take(stage, absl::ZeroDuration()); });
  operation.arrange = ArrangeBehindOrphan;
  return operation;
}

Operation TakeAsleep() {
  Operation operation = Receiving("take-asleep-before", [](Stage& stage) { Take(stage, kHangs); });
  operation.asleep = [](Stage& stage) {
    if (stage.Committed().empty()) stage.SendMessage(kFilling, kSize);
  };
  operation.outcome = [](const Stage& stage) {
    return stage.Committed().empty() ? "before the message" : "before the release";
  };
  return operation;
}

// Takes all messages in advance, then releases them in that order, stepped.
Operation Release(std::string name, std::vector<size_t> order) {
  Operation operation = Receiving(std::move(name), [order](Stage& stage) {
    for (const size_t i : order) {
      stage.board[kReleasing].fetch_or(uint64_t{1} << i);
      std::move(stage.leases[i]).Release();
    }
  });
  operation.arrange = ArrangeThree;
  operation.prepare = [order](Stage& stage) {
    AttachStepped(stage);
    for (size_t i = 0; i < order.size(); ++i) Take(stage, absl::ZeroDuration());
    if (stage.leases.size() != order.size()) _exit(1);
  };
  return operation;
}

// A sender sleeps for the space.
Operation ReleaseToSleeper() {
  Operation operation = Release("release-to-sleeping-sender", {0, 1, 2, 3});
  operation.arrange = [](Stage& stage) {
    stage.FillUp();
    const std::string bytes = stage.NewMessage(kRival, kSize);
    stage.pending.push_back(IdentityOf(bytes));
    stage.other = ChildProcess::Fork([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(stage.channel);
      return sender.ok() && sender->Send(bytes, absl::InfiniteDuration()).ok() ? 0 : 1;
    });
    const bool asleep = Await([&] {
      return (stage.ring().control->senders_wait.load() & 1) != 0 && IsAsleep(stage.other.pid());
    });
    if (!asleep) GiveUp("the sender does not go to sleep");
  };
  operation.settle = [](Stage& stage, Findings* findings) {
    CheckStepped(stage, findings);
    // Without a wake the sender must find the space itself.
    if (stage.release_position() == stage.arranged[0].position) return;
    const std::string ended = stage.other.Wait(kHangs);
    if (ended != "exited 0") {
      findings->Count(SweepFault::kHung, absl::StrCat("there is space, and the sleeper ", ended));
    }
  };
  return operation;
}

Operation AttachReceiver() {
  Operation operation = Receiving("attach-receiver", AttachStepped);
  operation.grain = Grain::kEvent;
  operation.arrange = ArrangeBehindOrphan;
  operation.prepare = [](Stage&) {};
  operation.outcome = [](const Stage& stage) {
    return stage.Owners() == stage.owners_before ? "before the slot was taken" : "attached";
  };
  return operation;
}

// All that is arranged may be released.
void AttachNow(Stage& stage) {
  for (size_t i = 0; i < 3; ++i) stage.board[kReleasing].fetch_or(uint64_t{1} << i);
  ReceiverOptions options;
  options.start = ReceiverStart::kNow;
  if (!stage.AttachReceiver(options).ok()) _exit(1);
}

Operation AttachReceiverNow() {
  Operation operation = Receiving("attach-receiver-at-the-newest", AttachNow);
  operation.grain = Grain::kEvent;
  operation.arrange = ArrangeThree;
  operation.prepare = [](Stage&) {};
  return operation;
}

// All but the newest of the three may be released.
Operation TakeLatest() {
  Operation operation = Receiving("take-latest", [](Stage& stage) {
    for (size_t i = 0; i < 2; ++i) stage.board[kReleasing].fetch_or(uint64_t{1} << i);
    absl::StatusOr<Lease> lease = stage.receiver->TryReceiveLatest();
    if (lease.ok()) stage.leases.push_back(*std::move(lease));
  });
  operation.arrange = ArrangeThree;
  return operation;
}

Operation DetachReceiver() {
  Operation operation = Receiving("detach-receiver", [](Stage& stage) { stage.receiver.reset(); });
  operation.grain = Grain::kEvent;
  operation.arrange = ArrangeThree;
  operation.outcome = [](const Stage& stage) {
    return stage.ring().receiver_slot->pid.load() == 0 ? "detached" : "attached";
  };
  return operation;
}

}  // namespace

std::vector<Operation> ReceiverOperations() {
  return {
      TakeBehindOrphan(),
      TakeAsleep(),
      Release("release-in-order", {0, 1, 2}),
      Release("release-out-of-order", {2, 0, 1}),
      ReleaseToSleeper(),
      TakeLatest(),
      AttachReceiver(),
      AttachReceiverNow(),
      DetachReceiver(),
  };
}

}  // namespace ipmpsc::testing
