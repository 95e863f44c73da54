#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/casts.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"
#include "tests/process/sweep/checker.h"
#include "tests/process/sweep/operations.h"

namespace ipmpsc::testing {
namespace {

using internal::Position;

constexpr size_t kSize = 200;

// Cell of the board where the stepped sender writes its slot plus one.
constexpr size_t kSlot = 0;

void AttachSenderWith(Stage& stage, const SenderOptions& options) {
  absl::StatusOr<Sender> attached = Sender::Attach(stage.channel, options);
  if (!attached.ok()) _exit(1);
  stage.sender.emplace(*std::move(attached));
  stage.board[kSlot].store(stage.sender->slot() + 1);
}

void AttachSender(Stage& stage) { AttachSenderWith(stage, {}); }

const internal::SenderSlot& SlotOf(const Stage& stage) {
  return stage.ring().sender_slots[stage.board[kSlot].load() - 1];
}

// Whether the stepped sender is about to claim the next position.
bool Intends(const Stage& stage) {
  return SlotOf(stage).intent_position.load() == stage.claim_position();
}

std::string SenderOutcome(const Stage& stage) {
  const Position intent = SlotOf(stage).intent_position.load();
  if (!internal::IsAligned(intent) || !internal::IsBefore(intent, stage.claim_position())) {
    return "before the claim";
  }
  // A rival may have claimed the position.
  if (stage.rival_loan.has_value() && stage.rival_loan->position() == intent) {
    return "before the claim";
  }
  if (!stage.ring().IsStamped(intent)) return "claimed";
  const auto description = absl::bit_cast<internal::RecordDescription>(
      stage.ring().HeaderAt(intent)->description.load());
  return description.sender + 1u == stage.board[kSlot].load() ? "committed" : "before the claim";
}

Operation Sending(std::string name, std::function<void(Stage&)> operate) {
  Operation operation;
  operation.name = std::move(name);
  operation.arrange = [](Stage& stage) { stage.message = stage.NewMessage(kStepped, kSize); };
  operation.prepare = AttachSender;
  operation.operate = std::move(operate);
  operation.outcome = SenderOutcome;
  return operation;
}

void Send(Stage& stage) { (void)stage.sender->Send(stage.message, kHangs); }

Operation SendTo(ReceiverPlace receiver, std::string name) {
  Operation operation = Sending(std::move(name), Send);
  operation.receiver = receiver;
  return operation;
}

void AttachRival(Stage& stage) {
  absl::StatusOr<Sender> attached = Sender::Attach(stage.channel);
  if (!attached.ok()) GiveUp(attached.status().ToString());
  stage.rival.emplace(*std::move(attached));
}

// A rival sends three times between the stepped sender's load of the claim position and its CAS.
Operation LosingRaces() {
  Operation operation = Sending("send-losing-races", Send);
  const Operation::Act arrange = operation.arrange;
  operation.arrange = [=](Stage& stage) {
    arrange(stage);
    AttachRival(stage);
  };
  operation.after_step = [](Stage& stage) {
    if (stage.rival_claims == 3 || !Intends(stage)) return;
    ++stage.rival_claims;
    const absl::Status sent = stage.rival->TrySend(stage.NewMessage(kRival, 100));
    if (!sent.ok()) GiveUp(sent.ToString());
  };
  operation.settle = [](Stage& stage, Findings*) { stage.rival.reset(); };
  return operation;
}

// The rival has claimed but not committed when the stepped sender behind it dies. The rival keeps
// its claim.
Operation BehindAnOpenLoan() {
  Operation operation = LosingRaces();
  operation.name = "send-behind-open-loan";
  operation.after_step = [](Stage& stage) {
    if (stage.rival_claims == 1 || !Intends(stage)) return;
    ++stage.rival_claims;
    absl::StatusOr<Loan> loan = stage.rival->TryClaim(kSize);
    if (!loan.ok()) GiveUp(loan.status().ToString());
    stage.rival_loan.emplace(*std::move(loan));
  };
  operation.settle = [](Stage& stage, Findings* findings) {
    if (stage.rival_loan.has_value()) {
      const absl::StatusOr<Message> early = stage.Receive(absl::ZeroDuration());
      if (!absl::IsDeadlineExceeded(early.status())) {
        findings->Count(SweepFault::kLost, absl::StrCat("the open loan was stepped over: ",
                                                        early.status().ToString()));
      }
      const std::string bytes = stage.NewMessage(kRival, kSize);
      std::copy(bytes.begin(), bytes.end(), stage.rival_loan->payload().begin());
      std::move(*stage.rival_loan).Publish();
      stage.rival_loan.reset();
    }
    stage.rival.reset();
  };
  return operation;
}

// The rival claims the rest of the space and dies. The stepped sender gives up, and no process may
// wait for it.
Operation LosingAndGivingUp() {
  Operation operation = Sending("try-send-losing-and-giving-up",
                                [](Stage& stage) { (void)stage.sender->TrySend(stage.message); });
  operation.arrange = [](Stage& stage) { stage.message = stage.NewMessage(kStepped, 2000); };
  operation.after_step = [](Stage& stage) {
    if (stage.rival_claims == 1 || !Intends(stage)) return;
    ++stage.rival_claims;
    stage.LeaveOrphan(4000);
  };
  operation.outcome = [](const Stage& stage) {
    if (stage.rival_claims == 0) return "before the race";
    return internal::IsAligned(SlotOf(stage).intent_position.load()) ? "lost the race" : "given up";
  };
  return operation;
}

// Receives the oldest arranged message, to make space for the sleeping stepped sender.
void MakeSpace(Stage& stage) {
  if (stage.arranged.empty()) return;
  const absl::StatusOr<Message> message = stage.Receive(kHangs);
  if (!message.ok() || message->position != stage.arranged[0].position) {
    GiveUp("what fills the ring does not come");
  }
  stage.arranged.clear();
}

Operation SendIntoFull() {
  Operation operation = Sending("send-into-full-ring", Send);
  const Operation::Act arrange = operation.arrange;
  operation.arrange = [=](Stage& stage) {
    arrange(stage);
    stage.FillUp();
  };
  operation.asleep = MakeSpace;
  return operation;
}

Operation SendWhenEmpty() {
  Operation operation = Sending("send-when-empty", [](Stage& stage) {
    (void)stage.sender->SendWhenEmpty(stage.message, kHangs);
  });
  const Operation::Act arrange = operation.arrange;
  operation.arrange = [=](Stage& stage) {
    arrange(stage);
    stage.SendMessage(kFilling, kSize);
  };
  operation.asleep = MakeSpace;
  return operation;
}

Operation TrySendIntoFull() {
  Operation operation = Sending("try-send-into-full-ring",
                                [](Stage& stage) { (void)stage.sender->TrySend(stage.message); });
  const Operation::Act arrange = operation.arrange;
  operation.arrange = [=](Stage& stage) {
    arrange(stage);
    stage.FillUp();
  };
  return operation;
}

// Publishes a loan of `size` bytes as `kSize`.
Operation PublishLoan(std::string name, size_t size) {
  return Sending(std::move(name), [size](Stage& stage) {
    absl::StatusOr<Loan> loan = stage.sender->TryClaim(size);
    std::copy(stage.message.begin(), stage.message.end(), loan->payload().begin());
    std::move(*loan).Publish(stage.message.size());
  });
}

// Sends three messages. A rival with an intent of the first message's size loses the race and dies.
// Its intent ends where the second message begins.
Operation SendBatch(std::string name, void (*send)(Stage&, const std::vector<absl::string_view>&)) {
  Operation operation = Sending(std::move(name), [send](Stage& stage) {
    send(stage, {stage.message, stage.batched[0], stage.batched[1]});
  });
  operation.arrange = [](Stage& stage) {
    for (std::string* message : {&stage.message, &stage.batched[0], &stage.batched[1]})
      *message = stage.NewMessage(kStepped, kSize);
  };
  operation.after_step = [](Stage& stage) {
    if (stage.rival_claims == 1 || !Intends(stage)) return;
    ++stage.rival_claims;
    stage.LeaveLoser(kSize);
  };
  return operation;
}

Operation SendBatch() {
  return SendBatch("send-batch", [](Stage& stage, const std::vector<absl::string_view>& batch) {
    (void)stage.sender->SendBatch(batch, kHangs);
  });
}

Operation WriteBatch() {
  return SendBatch("write-batch", [](Stage& stage, const std::vector<absl::string_view>& batch) {
    const std::vector<size_t> sizes(batch.size(), kSize);
    const auto write = [&](size_t i, absl::Span<char> to) { batch[i].copy(to.data(), to.size()); };
    (void)stage.sender->WriteBatch(sizes, write, kHangs);
  });
}

// Claims while the receiver sleeps. The receiver wakes and sleeps for the commit, which then comes.
Operation PublishToSleeper() {
  Operation operation = Sending("publish-loan-to-sleeping-receiver",
                                [](Stage& stage) { std::move(*stage.loan).Publish(); });
  operation.receiver = ReceiverPlace::kSleeping;
  operation.prepare = [](Stage& stage) {
    AttachSender(stage);
    absl::StatusOr<Loan> loan = stage.sender->TryClaim(stage.message.size());
    if (!loan.ok()) _exit(1);
    std::copy(stage.message.begin(), stage.message.end(), loan->payload().begin());
    stage.loan.emplace(*std::move(loan));
  };
  return operation;
}

// Each message carries a timestamp and a sequence number.
Operation WithTimestamps(Operation operation) {
  operation.name += "-with-timestamps";
  operation.timestamps = true;
  return operation;
}

// --- The turn ---

constexpr size_t kSmall = 48;    // fills 64 bytes
constexpr size_t kLarge = 1000;  // fills 1024

std::string TurnOutcome(const Stage& stage) {
  const std::string sent = SenderOutcome(stage);
  if (sent != "before the claim") return sent;
  const uint64_t turn = stage.ring().control->turn.load();
  return (turn & internal::kTurnSlotMask) == stage.board[kSlot].load() ? "with the turn" : sent;
}

// The stepped sender finds too little space several times, until it takes the turn and gets all
// space.
Operation SendTakingTurn() {
  Operation operation = Sending("send-taking-turn", Send);
  operation.arrange = [](Stage& stage) {
    stage.message = stage.NewMessage(kStepped, kLarge);
    while (stage.claim_position() - stage.release_position() < Stage::kCapacity) {
      stage.SendMessage(kFilling, kSmall);
    }
  };
  operation.asleep = [](Stage& stage) {
    const bool has_turn = stage.ring().control->turn.load() != 0;
    do {
      const absl::StatusOr<Message> message = stage.Receive(kHangs);
      if (!message.ok()) GiveUp("what fills the ring does not come");
    } while (has_turn && stage.release_position() != stage.claim_position());
  };
  operation.outcome = TurnOutcome;
  return operation;
}

// Another sender has taken the turn for 1024 bytes and died. `ago` decides whether the turn has
// expired.
Operation SendBesideTurn(std::string name, absl::Duration ago) {
  Operation operation = Sending(std::move(name), Send);
  const Operation::Act arrange = operation.arrange;
  operation.arrange = [=](Stage& stage) {
    arrange(stage);
    stage.SendMessage(kFilling, kSmall);
    stage.LeaveTurn(1024, ago);
  };
  return operation;
}

// --- The end ---

constexpr internal::ClaimWord kEnds[] = {internal::kClaimClosed, internal::kClaimReplaced};

std::string NameOfEnd(internal::ClaimWord end) {
  return end == internal::kClaimClosed ? "close" : "mark-replaced";
}

Operation Ending(std::string name, internal::ClaimWord end) {
  Operation operation;
  operation.name = std::move(name);
  operation.may_end = true;
  operation.living_at_end = 0;
  operation.prepare = [](Stage&) {};
  operation.operate = [end](Stage& stage) {
    internal::ChannelAccess::SegmentOf(stage.channel)->End(end);
  };
  operation.settle = [](Stage& stage, Findings*) {
    if (!stage.HasEnded()) stage.rival.reset();
  };
  operation.outcome = [](const Stage& stage) { return stage.HasEnded() ? "ended" : "open"; };
  return operation;
}

// A sender sends before each instruction. Every accepted message must be received.
Operation EndWhileSending(internal::ClaimWord end) {
  Operation operation = Ending(NameOfEnd(end) + "-while-sending", end);
  operation.arrange = AttachRival;
  operation.after_step = [](Stage& stage) {
    if (stage.rival_claims == 20 || !stage.rival_status.ok()) return;
    ++stage.rival_claims;
    const std::string bytes = stage.NewMessage(kRival, kSmall);
    stage.rival_status = stage.rival->TrySend(bytes);
    if (stage.rival_status.ok()) stage.pending.push_back(IdentityOf(bytes));
  };
  return operation;
}

Operation EndToSleepingReceiver(internal::ClaimWord end) {
  Operation operation = Ending(NameOfEnd(end) + "-to-sleeping-receiver", end);
  operation.receiver = ReceiverPlace::kSleeping;
  return operation;
}

// The receiver sleeps for the commit of a claim. It gets the message and then the end.
Operation EndBehindAnOpenLoan(internal::ClaimWord end) {
  Operation operation = Ending(NameOfEnd(end) + "-behind-open-loan", end);
  operation.arrange = [](Stage& stage) {
    AttachRival(stage);
    absl::StatusOr<Loan> loan = stage.rival->TryClaim(kSize);
    if (!loan.ok()) GiveUp(loan.status().ToString());
    stage.rival_loan.emplace(*std::move(loan));
  };
  operation.settle = [](Stage& stage, Findings* findings) {
    const absl::StatusOr<Message> early = stage.Receive(absl::ZeroDuration());
    if (!absl::IsDeadlineExceeded(early.status())) {
      findings->Count(SweepFault::kLost,
                      absl::StrCat("the open loan was stepped over: ", early.status().ToString()));
    }
    const std::string bytes = stage.NewMessage(kRival, kSize);
    std::copy(bytes.begin(), bytes.end(), stage.rival_loan->payload().begin());
    std::move(*stage.rival_loan).Publish();
    stage.rival_loan.reset();
    if (!stage.HasEnded()) stage.rival.reset();
  };
  return operation;
}

// A sender sleeps for space.
Operation EndToSleepingSender(internal::ClaimWord end) {
  Operation operation = Ending(NameOfEnd(end) + "-to-sleeping-sender", end);
  operation.arrange = [end](Stage& stage) {
    stage.FillUp();
    stage.other = ChildProcess::Fork([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(stage.channel);
      if (!sender.ok()) return 1;
      const absl::Status sent = sender->Send("x", absl::InfiniteDuration());
      const absl::StatusCode expected = end == internal::kClaimClosed
                                            ? absl::StatusCode::kFailedPrecondition
                                            : absl::StatusCode::kAborted;
      return sent.code() == expected ? 0 : 1;
    });
    const bool asleep = Await([&] {
      return (stage.ring().control->senders_wait.load() & 1) != 0 && IsAsleep(stage.other.pid());
    });
    if (!asleep) GiveUp("the sender does not go to sleep");
  };
  operation.settle = [](Stage& stage, Findings*) {
    if (!stage.HasEnded()) stage.other.Kill();
  };
  return operation;
}

// The channel ends between the stepped sender's load of the claim word and its CAS.
Operation SendLosingToTheEnd(internal::ClaimWord end) {
  Operation operation = Sending("send-losing-to-" + NameOfEnd(end), Send);
  operation.may_end = true;
  operation.living_at_end = 1;
  operation.after_step = [end](Stage& stage) {
    if (stage.rival_claims == 1 || !Intends(stage)) return;
    ++stage.rival_claims;
    internal::ChannelAccess::SegmentOf(stage.channel)->End(end);
  };
  operation.outcome = [](const Stage& stage) {
    return stage.Committed().empty() ? SenderOutcome(stage) : std::string("sent beyond the end");
  };
  operation.settle = [](Stage& stage, Findings* findings) {
    if (stage.HasEnded() && !stage.Committed().empty()) {
      findings->Count(SweepFault::kTorn, "a claim came after the end");
    }
  };
  return operation;
}

// Attaches to a slot whose last owner died after its commit.
Operation Attach() {
  Operation operation;
  operation.name = "attach-sender";
  operation.grain = Grain::kEvent;
  operation.arrange = [](Stage& stage) {
    const std::string bytes = stage.NewMessage(kFilling, kSize);
    ChildProcess last = ChildProcess::Fork([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(stage.channel);
      if (sender.ok() && sender->TrySend(bytes).ok()) raise(SIGKILL);
      return 1;
    });
    last.Wait();
  };
  operation.prepare = [](Stage&) {};
  operation.operate = [](Stage& stage) {
    SenderOptions options;
    options.name = "a name of more than sixty-four bytes, which is cut, of a sender that may die";
    AttachSenderWith(stage, options);
  };
  operation.outcome = [](const Stage& stage) {
    return stage.Owners() == stage.owners_before ? "before the slot was taken" : "attached";
  };
  return operation;
}

Operation Detach() {
  Operation operation = Sending("detach-sender", [](Stage& stage) { stage.sender.reset(); });
  operation.grain = Grain::kEvent;
  operation.living_at_end = 0;
  operation.prepare = [](Stage& stage) {
    AttachSender(stage);
    (void)stage.sender->TrySend(stage.message);
  };
  operation.outcome = [](const Stage& stage) {
    return SlotOf(stage).pid.load() == 0 ? "detached" : "attached";
  };
  return operation;
}

}  // namespace

std::vector<Operation> SenderOperations() {
  std::vector<Operation> operations = {
      SendTo(ReceiverPlace::kHere, "send"),
      SendTo(ReceiverPlace::kSleeping, "send-to-sleeping-receiver"),
      SendTo(ReceiverPlace::kArriving, "send-while-receiver-arrives"),
      LosingRaces(),
      BehindAnOpenLoan(),
      LosingAndGivingUp(),
      SendIntoFull(),
      TrySendIntoFull(),
      SendWhenEmpty(),
      SendBatch(),
      WriteBatch(),
      WithTimestamps(SendTo(ReceiverPlace::kSleeping, "send-to-sleeping-receiver")),
      WithTimestamps(SendBatch()),
      WithTimestamps(WriteBatch()),
      SendTakingTurn(),
      SendBesideTurn("send-beside-turn", absl::ZeroDuration()),
      SendBesideTurn("send-behind-ended-turn", absl::Milliseconds(20)),
      PublishToSleeper(),
      PublishLoan("publish-loan", kSize),
      PublishLoan("publish-loan-shorter", 1000),
      WithTimestamps(PublishLoan("publish-loan-shorter", 1000)),
      Sending("drop-loan",
              [](Stage& stage) {
                if (!stage.sender->TryClaim(1000).ok()) _exit(1);
              }),
      Attach(),
      Detach(),
  };
  for (const internal::ClaimWord end : kEnds) {
    operations.push_back(Ending(NameOfEnd(end), end));
    operations.push_back(EndWhileSending(end));
    operations.push_back(EndToSleepingReceiver(end));
    operations.push_back(EndBehindAnOpenLoan(end));
    operations.push_back(EndToSleepingSender(end));
    operations.push_back(SendLosingToTheEnd(end));
  }
  return operations;
}

}  // namespace ipmpsc::testing
