#include "tests/process/soak_roles.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "ipmpsc/attach_options.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process_message.h"

namespace ipmpsc::testing {
namespace {

using Random = std::mt19937_64;

// For those who want the ring to be empty, and make do without.
constexpr absl::Duration kShortPatience = absl::Milliseconds(5);

SoakFault FaultOf(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) ? SoakFault::kHung : SoakFault::kOther;
}

class SoakSender {
 public:
  SoakSender(const Channel& channel, SoakLedger* ledger, uint64_t stream)
      : max_payload_(channel.max_payload()), ledger_(ledger), stream_(stream), random_(stream) {
    // Slots may be waiting for the receiver to step over what the dead have claimed.
    const Deadline deadline = kSoakPatience;
    absl::StatusOr<Sender> sender = Sender::Attach(channel);
    while (absl::IsResourceExhausted(sender.status()) && !deadline.Passed()) {
      absl::SleepFor(absl::Milliseconds(1));
      sender = Sender::Attach(channel);
    }
    if (sender.ok()) {
      sender_.emplace(*std::move(sender));
    } else {
      ledger->Report(SoakFault::kHung,
                     absl::StrCat("a sender cannot attach: ", sender.status().ToString()));
    }
  }

  void Run() {
    if (!sender_.has_value()) return;
    const uint64_t count = 1 + random_() % 3000;
    for (uint64_t number = 0; number < count && !ledger_->stop.load(); ++number) {
      if (!SendOne({stream_, number})) return;
    }
    End();
  }

 private:
  bool SendOne(MessageIdentity identity) {
    const size_t least = identity.number == 0 ? kIdentitySize : 0;
    const size_t size = PlannedSize(identity, least, max_payload_);
    ledger_->stream(stream_).attempted.store(identity.number + 1);
    const absl::Status sent = SendSomehow(identity, size);
    if (!sent.ok()) {
      ledger_->Report(FaultOf(sent), absl::StrCat("sending ", size, " bytes: ", sent.ToString()));
      return false;
    }
    ledger_->stream(stream_).committed.store(identity.number + 1);
    return true;
  }

  absl::Status SendSomehow(MessageIdentity identity, size_t size) {
    switch (random_() % 16) {
      case 0:
        // Dropped, then sent.
        if (absl::StatusOr<Loan> loan = sender_->TryClaim(random_() % 300); loan.ok()) {
          std::fill(loan->payload().begin(), loan->payload().end(), 'd');
        }
        break;
      case 1:
        if (sender_->SendWhenEmpty(MessageBytes(identity, size), kShortPatience).ok())
          return absl::OkStatus();
        break;
      case 2:
        if (sender_->TrySend(MessageBytes(identity, size)).ok()) return absl::OkStatus();
        break;
      case 3:
      case 4:
        return SendLoan(identity, size, size);
      case 5:
      case 6:
        return SendLoan(identity, size, std::min(size + random_() % 200, max_payload_));
      default:
        break;
    }
    return sender_->Send(MessageBytes(identity, size), kSoakPatience);
  }

  absl::Status SendLoan(MessageIdentity identity, size_t size, size_t claimed_size) {
    absl::StatusOr<Loan> loan = sender_->Claim(claimed_size, kSoakPatience);
    if (!loan.ok()) return loan.status();
    FillMessage(identity, loan->payload().subspan(0, size));
    std::move(*loan).Publish(size);
    return absl::OkStatus();
  }

  void End() {
    const uint64_t how = random_() % 8;
    if (how >= 4 || ledger_->stop.load()) return;  // detaches
    if (how == 3) _exit(0);
    absl::StatusOr<Loan> loan = sender_->TryClaim(random_() % 1000);
    if (how == 2) abort();
    raise(SIGKILL);
  }

  const size_t max_payload_;
  SoakLedger* const ledger_;
  const uint64_t stream_;
  Random random_;
  std::optional<Sender> sender_;
};

}  // namespace

void RunSoakSender(const Channel& channel, SoakLedger* ledger, uint64_t stream) {
  SoakSender(channel, ledger, stream).Run();
}

void RunSoakReceiver(const Channel& channel, SoakLedger* ledger, uint64_t seed) {
  ReceiverOptions options;
  options.deadline = Deadline::Never();
  options.end_without_senders = true;
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel, options);
  if (!receiver.ok()) {
    ledger->Report(SoakFault::kOther,
                   absl::StrCat("a receiver cannot attach: ", receiver.status().ToString()));
    return;
  }
  SoakLedger::ReceiverLife life(ledger);
  Random random(seed);
  std::vector<std::pair<uint64_t, Lease>> held;  // index in the log, lease
  Deadline next = kSoakPatience;
  for (;;) {
    absl::StatusOr<Lease> lease =
        held.empty() ? receiver->Receive(absl::Milliseconds(200)) : receiver->TryReceive();
    if (lease.ok()) {
      next = kSoakPatience;
      const uint64_t index = life.Enter(*lease);
      held.emplace_back(index, *std::move(lease));
    } else if (held.empty()) {
      // For a moment there may be no sender.
      const bool none =
          absl::IsDeadlineExceeded(lease.status()) || absl::IsOutOfRange(lease.status());
      if (!none || next.Passed()) {
        ledger->Report(none ? SoakFault::kHung : SoakFault::kOther,
                       absl::StrCat("receiving: ", lease.status().ToString()));
        return;
      }
      if (ledger->stop.load() && !channel.HasSender()) return;
      if (absl::IsOutOfRange(lease.status())) absl::SleepFor(absl::Milliseconds(1));
    }
    if (held.empty() || (lease.ok() && random() % 8 != 0)) continue;
    std::shuffle(held.begin(), held.end(), random);
    while (!held.empty()) {
      SoakLedger::Entry& entry = ledger->entry(held.back().first);
      entry.release_began.store(true);
      held.pop_back();
      entry.released.store(true);
    }
  }
}

}  // namespace ipmpsc::testing
