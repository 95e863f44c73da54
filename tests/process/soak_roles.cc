#include "tests/process/soak_roles.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/slots.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/message.h"

namespace ipmpsc::testing {
namespace {

using Random = std::mt19937_64;

// The timeout of optional waits for an empty ring.
constexpr absl::Duration kShortPatience = absl::Milliseconds(5);

SoakFault FaultOf(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) ? SoakFault::kHung : SoakFault::kOther;
}

class SoakSender {
 public:
  SoakSender(const Channel& channel, SoakLedger* ledger, uint64_t stream)
      : max_payload_(channel.max_payload()), ledger_(ledger), stream_(stream), random_(stream) {
    // Slots may be waiting until the receiver steps over the claims of dead senders.
    const Deadline deadline = kSoakPatience;
    SenderOptions options;
    options.name = absl::StrCat("stream ", stream, std::string(stream % 80, '.'));
    absl::StatusOr<Sender> sender = Sender::Attach(channel, options);
    while (absl::IsResourceExhausted(sender.status()) && !deadline.Passed()) {
      absl::SleepFor(absl::Milliseconds(1));
      sender = Sender::Attach(channel, options);
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
    for (uint64_t number = 0; number < count && !ledger_->stop.load();) {
      const uint64_t batch = random_() % 8 == 0 ? 2 + random_() % 6 : 1;
      if (!(batch == 1 ? SendOne({stream_, number}) : SendSome({stream_, number}, batch))) return;
      number += batch;
    }
    End();
  }

 private:
  // Sends a batch, copied or written in place.
  bool SendSome(MessageIdentity first, uint64_t count) {
    std::vector<size_t> sizes;
    std::vector<std::string> bytes;
    for (uint64_t i = 0; i < count; ++i) {
      const MessageIdentity identity = {first.stream, first.number + i};
      sizes.push_back(
          PlannedSize(identity, identity.number == 0 ? kIdentitySize : 0, max_payload_ / 64));
      bytes.push_back(MessageBytes(identity, sizes.back()));
    }
    ledger_->stream(stream_).attempted.store(first.number + count);
    absl::Status sent;
    if (random_() % 2 == 0) {
      const std::vector<absl::string_view> payloads(bytes.begin(), bytes.end());
      sent =
          random_() % 2 == 0 ? sender_->TrySendBatch(payloads) : absl::ResourceExhaustedError("");
      if (absl::IsResourceExhausted(sent)) sent = sender_->SendBatch(payloads, kSoakPatience);
    } else {
      const auto write = [&](size_t i, absl::Span<char> payload) {
        bytes[i].copy(payload.data(), payload.size());
      };
      sent = random_() % 2 == 0 ? sender_->TryWriteBatch(sizes, write)
                                : absl::ResourceExhaustedError("");
      if (absl::IsResourceExhausted(sent)) sent = sender_->WriteBatch(sizes, write, kSoakPatience);
    }
    if (!sent.ok()) {
      ledger_->Report(FaultOf(sent), absl::StrCat("sending a batch: ", sent.ToString()));
      return false;
    }
    ledger_->stream(stream_).committed.store(first.number + count);
    return true;
  }

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
        // Drops a loan, then sends.
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

// The number of sends that returned OK, for each sender of one channel.
struct EndBoard {
  std::atomic<uint64_t> accepted[2];
};

// Sends until the channel ends.
void SendUntilTheEnd(const Channel& channel, uint64_t stream, EndBoard* board, SoakLedger* ledger) {
  absl::StatusOr<Sender> sender = Sender::Attach(channel);
  absl::Status status = sender.status();
  for (uint64_t number = 0; status.ok();) {
    const std::string bytes = MessageBytes({stream, number}, kIdentitySize + number % 150);
    const absl::string_view both[] = {bytes, bytes};
    // A batch holds the same message twice.
    status = number % 3 == 0 ? sender->SendBatch(both, kSoakPatience)
                             : sender->Send(bytes, kSoakPatience);
    if (status.ok()) board->accepted[stream].fetch_add(number++ % 3 == 0 ? 2 : 1);
  }
  if (!absl::IsFailedPrecondition(status) && !absl::IsAborted(status)) {
    ledger->Report(FaultOf(status), absl::StrCat("sending until the end: ", status.ToString()));
  }
}

// Returns an error, or "".
std::string EndOneChannel(const std::string& path, Random* random, EndBoard* board,
                          SoakLedger* ledger) {
  ChannelOptions options;
  options.capacity = uint64_t{4096} << (*random)() % 6;
  options.max_senders = 4;
  options.timestamps = (*random)() % 2 == 0;
  options.exist_policy = ExistPolicy::kReplace;
  absl::StatusOr<Channel> channel = Channel::Create(path, options);
  if (!channel.ok()) return channel.status().ToString();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status().ToString();
  const bool replaces = (*random)() % 2 == 0;
  const absl::Duration when = absl::Microseconds(static_cast<int64_t>((*random)() % 5000));
  std::vector<ChildProcess> children;
  for (uint64_t stream = 0; stream < 2; ++stream) {
    board->accepted[stream].store(0);
    children.push_back(ChildProcess::Fork([&] {
      SendUntilTheEnd(*channel, stream, board, ledger);
      return 0;
    }));
  }
  children.push_back(ChildProcess::Fork([&] {
    absl::SleepFor(when);
    if (!replaces) {
      channel->Close();
    } else if (const absl::Status created = Channel::Create(path, options).status();
               !created.ok()) {
      ledger->Report(SoakFault::kOther, created.ToString());
    }
    return 0;
  }));
  uint64_t received[2] = {};
  std::string wrong;
  absl::Status status;
  while (wrong.empty()) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kSoakPatience);
    status = lease.status();
    if (!status.ok()) break;
    const MessageIdentity identity = IdentityOf(lease->payload());
    wrong = CheckMessage(identity, lease->payload());
    ++received[identity.stream % 2];
  }
  for (ChildProcess& child : children) {
    const std::string end = child.Wait(kSoakPatience);
    if (end != "exited 0" && wrong.empty()) wrong = absl::StrCat("a child of an end ", end);
  }
  if (!wrong.empty()) return wrong;
  if (!absl::IsOutOfRange(status) && !absl::IsAborted(status)) {
    return absl::StrCat("receiving until the end: ", status.ToString());
  }
  for (int i = 0; i < 2; ++i) {
    if (received[i] != board->accepted[i].load()) {
      return absl::StrCat(board->accepted[i].load(), " messages were accepted before the end, and ",
                          received[i], " received");
    }
  }
  return "";
}

}  // namespace

void RunSoakEnds(SoakLedger* ledger, uint64_t seed) {
  Random random(seed);
  void* const memory =
      mmap(nullptr, sizeof(EndBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ledger->Report(SoakFault::kOther, "no memory");
  const std::string path = absl::StrCat("/dev/shm/ipmpsc-soak-", getpid());
  while (!ledger->stop.load() && !ledger->has_faults()) {
    const std::string wrong = EndOneChannel(path, &random, static_cast<EndBoard*>(memory), ledger);
    if (!wrong.empty()) ledger->Report(SoakFault::kLost, absl::StrCat("at an end: ", wrong));
    ledger->ends.fetch_add(1);
  }
  unlink(path.c_str());
}

void RunSoakSender(const Channel& channel, SoakLedger* ledger, uint64_t stream) {
  SoakSender(channel, ledger, stream).Run();
}

void RunSoakReceiver(const Channel& channel, SoakLedger* ledger, uint64_t seed) {
  ReceiverOptions options;
  options.deadline = Deadline::Never();
  options.end_without_senders = true;
  options.name = absl::StrCat("receiver ", seed);
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
      const uint64_t index = life.Enter(*lease, internal::ChannelAccess::SegmentOf(channel)
                                                    ->ring()
                                                    .receiver_slot->orphaned_records.load());
      held.emplace_back(index, *std::move(lease));
    } else if (held.empty()) {
      // There may be a moment without senders.
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
