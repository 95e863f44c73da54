#include "tests/testing/process/flood.h"

#include <sched.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/message.h"

namespace ipmpsc::testing {
namespace {

absl::Status SendByTrying(Sender* sender, const std::string& bytes) {
  const Deadline deadline = kPatience;
  for (;;) {
    const absl::Status sent = sender->TrySend(bytes);
    if (!absl::IsResourceExhausted(sent)) return sent;
    if (deadline.Passed()) return absl::DeadlineExceededError("TrySend: full");
    sched_yield();
  }
}

absl::Status SendByLoan(Sender* sender, MessageIdentity identity, size_t size, size_t claimed) {
  absl::StatusOr<Loan> loan = sender->Claim(claimed, kPatience);
  if (!loan.ok()) return loan.status();
  FillMessage(identity, loan->payload().subspan(0, size));
  if (size == claimed) {
    std::move(*loan).Publish();
  } else {
    std::move(*loan).Publish(size);
  }
  return absl::OkStatus();
}

absl::Status DropLoan(Sender* sender, MessageIdentity identity, size_t size) {
  absl::StatusOr<Loan> loan = sender->Claim(size, kPatience);
  // Fills the dropped loan like a valid message, so that a receiver which sees it counts it.
  if (loan.ok()) FillMessage(identity, loan->payload());
  return loan.status();
}

absl::Status SendSomehow(Sender* sender, MessageIdentity identity, size_t size,
                         const FloodPlan& plan) {
  switch (Mix(identity.number, ~identity.stream) % 8) {
    case 0:
      if (plan.never_polls) return sender->Send(MessageBytes(identity, size), kPatience);
      return SendByTrying(sender, MessageBytes(identity, size));
    case 1:
      return SendByLoan(sender, identity, size, size);
    case 2:
      return SendByLoan(sender, identity, size,
                        std::min(plan.most_size, size + 1 + identity.number % 100));
    case 3: {
      const absl::Status dropped = DropLoan(sender, identity, size);
      if (!dropped.ok()) return dropped;
      return sender->Send(MessageBytes(identity, size), kPatience);
    }
    default:
      return sender->Send(MessageBytes(identity, size), kPatience);
  }
}

}  // namespace

absl::Status Flood(Sender* sender, const FloodPlan& plan, std::atomic<uint64_t>* committed) {
  const internal::ControlBlock& control =
      *internal::ChannelAccess::SegmentOf(sender->channel())->ring().control;
  for (uint64_t number = 0; plan.count == 0 || number < plan.count; ++number) {
    if (plan.let_receiver_sleep && number % 32 == 31 &&
        !Await([&] { return internal::IsReceiverWaiting(control); })) {
      return absl::UnavailableError("the receiver did not go to sleep");
    }
    const MessageIdentity identity = {plan.stream, number};
    const absl::Status sent =
        SendSomehow(sender, identity, PlannedSize(identity, plan.least_size, plan.most_size), plan);
    if (!sent.ok()) return sent;
    committed->store(number + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<Sender> AttachSender(const Channel& channel, absl::Duration patience) {
  absl::StatusOr<Sender> sender = absl::ResourceExhaustedError("");
  Await(
      [&] {
        sender = Sender::Attach(channel);
        return !absl::IsResourceExhausted(sender.status());
      },
      patience);
  return sender;
}

}  // namespace ipmpsc::testing
