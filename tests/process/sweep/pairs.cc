#include "tests/process/sweep/pairs.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/process/sweep/checker.h"
#include "tests/process/sweep/operation.h"
#include "tests/process/sweep/stage.h"
#include "tests/process/sweep/stepping.h"
#include "tests/testing/process/stepped_child.h"

namespace ipmpsc::testing {
namespace {

// With header and padding, the longer message fills 128 bytes, and the shorter and the fresh one
// fill 64 each. If the longer one lost its race and its sender died, its intent ends where the
// fresh message ends. That is a record boundary, and the wrong one.
constexpr size_t kLonger = 112;
constexpr size_t kShorter = 48;
constexpr size_t kFreshSize = 40;

// The number of changes to the segment until a sender has claimed: the intent's size, its position,
// the claim. The sender then writes its own record.
constexpr uint64_t kClaimChanges = 3;

// A sender in a child that is about to call `TrySend`.
class SteppedSender {
 public:
  SteppedSender(Stage* stage, size_t size)
      : bytes_(stage->NewMessage(kStepped, size)),
        child_(
            [&] {
              absl::StatusOr<Sender> attached = Sender::Attach(stage->channel);
              if (!attached.ok()) _exit(1);
              stage->sender.emplace(*std::move(attached));
            },
            [&] { (void)stage->sender->TrySend(bytes_); }) {}
  SteppedChild& child() { return child_; }

  // Runs the sender for that many changes of the segment. Returns false if it is done.
  bool Go(const Stage& stage, uint64_t changes) {
    return StepTo(&child_, {Grain::kEvent, changes}, stage.Segment(), {}) == Reached::kPoint;
  }

 private:
  const std::string bytes_;
  SteppedChild child_;
};

struct Pair {
  size_t first_size;
  size_t second_size;
  uint64_t i;       // changes of the first
  uint64_t j;       // changes of the second
  uint64_t i_more;  // further changes of the first, after the second's
};

// How far the two senders of a pair got.
struct Progress {
  bool first = true;   // had work left after `i`
  bool second = true;  // had work left after `j`
  bool more = true;    // had work left after `i_more`
};

Progress KillPair(const Pair& pair, Stage& stage, Findings* findings) {
  stage.Begin();
  const absl::Status attached = stage.AttachReceiver();
  if (!attached.ok()) GiveUp(attached.ToString());
  Progress progress;
  {
    SteppedSender first(&stage, pair.first_size);
    SteppedSender second(&stage, pair.second_size);
    if (!first.child().alive() || !second.child().alive()) {
      findings->Count(SweepFault::kLeaked, "they cannot even begin");
      return {false, false, false};
    }
    progress.first = first.Go(stage, pair.i);
    progress.second = second.Go(stage, pair.j);
    if (pair.i_more > 0) progress.more = first.Go(stage, pair.i_more);
  }
  const size_t committed = stage.Committed().size();
  findings->CountDeath(committed == 0   ? "none committed"
                       : committed == 1 ? "one committed"
                                        : "both committed");
  const uint64_t faults = findings->faults();
  CheckDelivery(stage, kFreshSize, findings);
  if (findings->faults() == faults) CheckNothingLeaked(stage, 0, findings);
  return progress;
}

// --- A death during a check ---

// Cells of the board that the receiver writes.
constexpr size_t kLooks = 0;    // the number of checks that have ended
constexpr size_t kTaken = 1;    // position of the first message, plus one
constexpr size_t kIsWhole = 2;  // 1: that message is complete

void ReceiveOne(Stage& stage) {
  for (;;) {
    const absl::StatusOr<Lease> lease = stage.receiver->Receive(absl::ZeroDuration());
    stage.board[kLooks].fetch_add(1);
    if (lease.ok()) {
      stage.board[kIsWhole].store(
          CheckMessage(IdentityOf(lease->payload()), lease->payload()).empty() ? 1 : 0);
      stage.board[kTaken].store(lease->position() + 1);
      return;
    }
    if (!absl::IsDeadlineExceeded(lease.status())) return;
  }
}

// A sender in a child that has claimed and filled, and is about to commit.
SteppedChild Committer(Stage* stage) {
  return SteppedChild(
      [=] {
        absl::StatusOr<Sender> attached = Sender::Attach(stage->channel);
        if (!attached.ok()) _exit(1);
        stage->sender.emplace(*std::move(attached));
        absl::StatusOr<Loan> loan = stage->sender->TryClaim(stage->message.size());
        if (!loan.ok()) _exit(1);
        std::copy(stage->message.begin(), stage->message.end(), loan->payload().begin());
        stage->loan.emplace(*std::move(loan));
      },
      [=] { std::move(*stage->loan).Publish(); });
}

// Returns the number of instructions until its message is committed.
uint64_t StepsToCommit(Stage& stage) {
  stage.Begin();
  stage.message = stage.NewMessage(kStepped, kShorter);
  SteppedChild sender = Committer(&stage);
  const internal::Position claim = stage.release_position();
  uint64_t steps = 0;
  for (; !stage.ring().IsStamped(claim); ++steps) {
    if (!sender.Step()) GiveUp("a sender does not commit");
  }
  return steps;
}

// Returns whether the receiver's first check continues after that point.
bool DieDuringLook(uint64_t instruction, uint64_t steps_to_commit, bool commits, Stage& stage,
                   Findings* findings) {
  stage.Begin();
  stage.receiver.reset();
  stage.message = stage.NewMessage(kStepped, kShorter);
  SteppedChild sender = Committer(&stage);
  const internal::Position claim = stage.release_position();
  for (uint64_t step = 1; step < steps_to_commit; ++step) sender.Step();
  if (stage.ring().IsStamped(claim)) GiveUp("a sender commits too early");
  SteppedChild receiver(
      [&] {
        if (!stage.AttachReceiver().ok()) _exit(1);
      },
      [&] { ReceiveOne(stage); });
  StepTo(&receiver, {Grain::kInstruction, instruction}, "", {});
  const bool looking = stage.board[kLooks].load() == 0;
  if (commits) {
    while (!stage.ring().IsStamped(claim)) {
      if (!sender.Step()) GiveUp("a sender does not commit");
    }
  }
  sender.Kill();
  findings->CountDeath(looking ? "during the look" : "after it");
  // A committed message must arrive although no sender comes that could take the dead one's slot
  // and overwrite its intent. Without a commit, only a fresh message arrives.
  if (!commits) stage.SendMessage(kFresh, kFreshSize);
  const uint64_t looks = stage.board[kLooks].load();
  receiver.Detach();
  if (commits) {
    Await([&] { return stage.board[kTaken].load() != 0 || stage.board[kLooks].load() > looks + 3; },
          kHangs);
    stage.SendMessage(kFresh, kFreshSize);
  }
  if (!Await([&] { return stage.board[kTaken].load() != 0; }, kHangs)) {
    findings->Count(SweepFault::kHung, "the receiver does not get on");
  } else if (commits != (stage.board[kTaken].load() == claim + 1)) {
    findings->Count(SweepFault::kLost, commits ? "it was stepped over" : "nobody has sent that");
  } else if (stage.board[kIsWhole].load() != 1) {
    findings->Count(SweepFault::kTorn, "what was committed during the look");
  }
  receiver.Kill();
  const uint64_t faults = findings->faults();
  CheckDelivery(stage, kFreshSize, findings);
  if (findings->faults() == faults) CheckNothingLeaked(stage, 0, findings);
  return looking;
}

// --- Falling asleep ---

// Returns whether the receiver was still about to sleep.
bool DisturbFallingAsleep(uint64_t instruction, WhileFallingAsleep what, Findings* findings) {
  Stage stage;
  stage.Begin();
  const std::string bytes = stage.NewMessage(kRival, kShorter);
  // This sender attaches in advance, so that only the send can wake the receiver.
  absl::StatusOr<Sender> sender = Sender::Attach(stage.channel);
  if (!sender.ok()) GiveUp(sender.status().ToString());
  SteppedChild receiver(
      [&] {
        if (!stage.AttachReceiver().ok()) _exit(1);
      },
      [&] {
        const absl::StatusOr<Lease> lease = stage.receiver->Receive(absl::InfiniteDuration());
        const bool right = what == WhileFallingAsleep::kSend
                               ? lease.ok() && lease->payload() == bytes
                               : absl::IsOutOfRange(lease.status());
        stage.board[kTaken].store(right ? 1 : 2);
      });
  bool asleep = false;
  for (uint64_t step = 0; step < instruction && !asleep; ++step) {
    if (receiver.Peek() == SteppedChild::Next::kFutexWait) {
      asleep = receiver.StepIntoSleep();
      if (!asleep && !receiver.FinishStep()) GiveUp("a receiver returns without a message");
    } else if (!receiver.Step()) {
      GiveUp("a receiver returns without a message");
    }
  }
  if (what == WhileFallingAsleep::kSend) {
    const absl::Status sent = sender->TrySend(bytes);
    if (!sent.ok()) GiveUp(sent.ToString());
  } else {
    stage.channel.Close();
  }
  if (asleep && !receiver.FinishStep()) GiveUp("a receiver ends");
  receiver.Detach();
  findings->CountDeath(asleep ? "asleep" : "awake");
  if (!Await([&] { return stage.board[kTaken].load() != 0; }, kHangs)) {
    findings->Count(SweepFault::kHung, "the receiver sleeps on");
  } else if (stage.board[kTaken].load() != 1) {
    findings->Count(SweepFault::kLost, "the receiver got something else");
  }
  return !asleep;
}

// --- The end during a send ---

bool EndDuringSend(uint64_t instruction, bool replaced, bool dies, Findings* findings) {
  Stage stage;
  stage.Begin();
  stage.message = stage.NewMessage(kStepped, kShorter);
  constexpr uint64_t kReturned = 1;
  SteppedChild sender(
      [&] {
        absl::StatusOr<Sender> attached = Sender::Attach(stage.channel);
        if (!attached.ok()) _exit(1);
        stage.sender.emplace(*std::move(attached));
      },
      [&] {
        const absl::Status sent = stage.sender->TrySend(stage.message);
        stage.board[kTaken].store(static_cast<uint64_t>(sent.code()));
        stage.board[kLooks].store(kReturned);
      });
  bool whole = false;
  for (uint64_t step = 0; step < instruction && !whole; ++step) whole = !sender.Step();
  internal::ChannelAccess::SegmentOf(stage.channel)
      ->End(replaced ? internal::kClaimReplaced : internal::kClaimClosed);
  if (dies) {
    sender.Kill();
  } else if (!whole) {
    sender.Detach();
    if (!Await([&] { return stage.board[kLooks].load() == kReturned; }, kHangs)) {
      findings->Count(SweepFault::kHung, "the sender does not return");
      return false;
    }
  }
  const bool returned = stage.board[kLooks].load() == kReturned;
  const auto code = static_cast<absl::StatusCode>(stage.board[kTaken].load());
  const size_t committed = stage.Committed().size();
  findings->CountDeath(committed != 0 ? "sent" : "not sent");
  if (returned && (code == absl::StatusCode::kOk) != (committed != 0)) {
    findings->Count(SweepFault::kLost,
                    absl::StrCat("the sender was told ", absl::Status(code, "").ToString(),
                                 ", and ", committed, " messages are there"));
  }
  if (returned && code != absl::StatusCode::kOk &&
      code != (replaced ? absl::StatusCode::kAborted : absl::StatusCode::kFailedPrecondition)) {
    findings->Count(SweepFault::kLost, absl::Status(code, "").ToString());
  }
  CheckEnded(stage, findings);
  return !whole;
}

}  // namespace

void SweepFallingAsleep(uint64_t every, WhileFallingAsleep what, Findings* findings) {
  for (uint64_t instruction = 0;; instruction += every) {
    findings->At(absl::StrCat("a ", what == WhileFallingAsleep::kSend ? "send" : "close",
                              " while a receiver falls asleep, after instruction ", instruction));
    if (!DisturbFallingAsleep(instruction, what, findings)) return;
    if (findings->faults() >= kManyFaults) return;
  }
}

void SweepEndDuringSend(uint64_t every, bool replaced, bool dies, Findings* findings) {
  for (uint64_t instruction = 0;; instruction += every) {
    findings->At(absl::StrCat("the channel is ", replaced ? "replaced" : "closed",
                              " during a send that ", dies ? "dies" : "goes on",
                              ", after instruction ", instruction));
    if (!EndDuringSend(instruction, replaced, dies, findings)) return;
    if (findings->faults() >= kManyFaults) return;
  }
}

void SweepPairs(uint64_t every, Findings* findings) {
  auto stage = std::make_unique<Stage>();
  uint64_t number = 0;
  const auto kill = [&](const Pair& pair) -> Progress {
    // Takes each `every`-th. Those that run determine the ends of the loops.
    if (number++ % every != 0) return {};
    const uint64_t faults = findings->faults();
    findings->At(absl::StrCat("two senders of ", pair.first_size, " and ", pair.second_size,
                              " bytes, killed after ", pair.i, ", ", pair.j, " and ", pair.i_more,
                              " changes"));
    const Progress progress = KillPair(pair, *stage, findings);
    if (findings->faults() != faults) stage = std::make_unique<Stage>();
    return progress;
  };
  // The most changes of a sender: two words of the intent, the claim, the payload in pieces of at
  // least 16 bytes, the header's two words, and two counters.
  const auto changes_of = [](size_t size) { return kClaimChanges + size / 16 + 6; };
  for (const bool longer_first : {true, false}) {
    Pair pair = longer_first ? Pair{kLonger, kShorter, 0, 0, 0} : Pair{kShorter, kLonger, 0, 0, 0};
    const uint64_t first_changes = changes_of(pair.first_size);
    const uint64_t second_changes = changes_of(pair.second_size);
    bool first = true;
    for (pair.i = 0; first && pair.i <= first_changes; ++pair.i) {
      bool second = true;
      for (pair.j = 0; second && first && pair.j <= second_changes; ++pair.j) {
        bool more = true;
        const uint64_t most_more = pair.i < kClaimChanges ? first_changes : 0;
        for (pair.i_more = 0; more && pair.i_more <= most_more; ++pair.i_more) {
          if (findings->faults() >= kManyFaults) return;
          const Progress progress = kill(pair);
          first = progress.first;
          second = progress.second;
          more = progress.more;
        }
      }
    }
  }
}

void SweepDeathDuringLook(uint64_t every, bool commits, Findings* findings) {
  auto stage = std::make_unique<Stage>();
  const uint64_t steps_to_commit = StepsToCommit(*stage);
  stage = std::make_unique<Stage>();
  for (uint64_t instruction = 0;; instruction += every) {
    findings->At(absl::StrCat("a sender that dies ", commits ? "after" : "before",
                              " its commit, during a look, after instruction ", instruction));
    const uint64_t faults = findings->faults();
    if (!DieDuringLook(instruction, steps_to_commit, commits, *stage, findings)) return;
    if (findings->faults() >= kManyFaults) return;
    if (findings->faults() != faults) stage = std::make_unique<Stage>();
  }
}

}  // namespace ipmpsc::testing
