// The choices of a sender while the ring is full or the channel has no free slot.

#include <signal.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

absl::Status Unexpected(const absl::Status& status, const char* expected) {
  return absl::InternalError(absl::StrCat("got ", status.ToString(), " instead of ", expected));
}

struct Counts {
  uint64_t sent = 0;
  uint64_t late = 0;     // no space until the deadline
  uint64_t full = 0;     // no space at the moment
  uint64_t waiting = 0;  // others were still waiting in the ring
};

// Waits for space, at most 5 ms for each message.
absl::Status SendOrBeLate(Sender& sender, uint64_t number, Counts& counts) {
  const absl::Status sent = sender.Send(Numbered(number), absl::Milliseconds(5));
  if (absl::IsDeadlineExceeded(sent)) {
    ++counts.late;  // The program decides: try again, keep it, or leave it.
    return absl::OkStatus();
  }
  if (sent.ok()) ++counts.sent;
  return sent;
}

// Never waits.
absl::Status SendOrLeave(Sender& sender, uint64_t number, Counts& counts) {
  const absl::Status sent = sender.TrySend(Numbered(number));
  if (absl::IsResourceExhausted(sent)) {
    ++counts.full;
    return absl::OkStatus();
  }
  if (sent.ok()) ++counts.sent;
  return sent;
}

// Sends only what will be received at once.
absl::Status SendIfNothingWaits(Sender& sender, uint64_t number, Counts& counts) {
  const absl::Status sent = sender.SendWhenEmpty(Numbered(number), absl::ZeroDuration());
  if (absl::IsDeadlineExceeded(sent)) {
    ++counts.waiting;
    return absl::OkStatus();
  }
  if (sent.ok()) ++counts.sent;
  return sent;
}

// A ring of 1024 short messages that nobody receives.
absl::Status FillTheRing(const std::string& path) {
  ChannelOptions options;
  options.capacity = 65536;
  const absl::StatusOr<Channel> channel = Channel::Create(path, options);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  Counts counts;
  absl::Status status = SendIfNothingWaits(*sender, 1, counts);
  status.Update(SendIfNothingWaits(*sender, 2, counts));
  for (uint64_t i = 0; i < 1100; ++i) status.Update(SendOrLeave(*sender, 3 + i, counts));
  status.Update(SendOrBeLate(*sender, 1103, counts));
  if (!status.ok()) return status;
  Report("sent:", counts.sent);
  Report("left because others waited:", counts.waiting);
  Report("left because the ring was full:", counts.full);
  Report("late:", counts.late);
  return absl::OkStatus();
}

// A lossy channel: no sender ever waits for space, and each drop is counted.
absl::StatusOr<Channel> CreateLossy(const std::string& path) {
  ChannelOptions options;
  options.capacity = 65536;
  options.on_full = OnFull::kDropNewest;
  return Channel::Create(path, options);
}

absl::Status SendLossy(const std::string& path, uint64_t messages) {
  const absl::StatusOr<Channel> channel = Channel::Open(path, {kPatience});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  uint64_t refused = 0;
  for (uint64_t i = 1; i <= messages; ++i) {
    const absl::Status sent = sender->Send(Numbered(i), kPatience);  // never waits here
    if (absl::IsResourceExhausted(sent)) {
      ++refused;  // dropped, and counted
    } else if (!sent.ok()) {
      return sent;
    }
  }
  if (sender->dropped() == refused) return absl::OkStatus();
  return absl::InternalError("the sender's count of drops is wrong");
}

absl::Status DropWhatFindsNoSpace(const std::string& path) {
  constexpr uint64_t kMessages = 20000;
  const Process sending = Start("sending", [&] { return SendLossy(path, kMessages); });
  const absl::StatusOr<Channel> channel = CreateLossy(path);
  if (!channel.ok()) return channel.status();
  // Receives only when all is sent, so that the counts are always the same.
  const absl::Status ended = Join(sending);
  if (!ended.ok()) return ended;
  ReceiverOptions options;
  options.end_without_senders = true;
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel, options);
  if (!receiver.ok()) return receiver.status();
  uint64_t received = 0;
  for (uint64_t last = 0;; ++received) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (absl::IsOutOfRange(lease.status())) break;
    if (!lease.ok()) return lease.status();
    if (NumberOf(lease->payload()) <= last) return absl::DataLossError("not in order");
    last = NumberOf(lease->payload());
  }
  Report("received:", received);
  Report("dropped:", receiver->dropped());
  return absl::OkStatus();
}

// Waits for a free slot: the channel allows a number of senders at a time.
absl::StatusOr<Sender> AttachWhenOneLeaves(const Channel& channel) {
  SenderOptions options;
  options.name = "publisher";  // as errors and tools show it
  options.deadline = kPatience;
  return Sender::Attach(channel, options);
}

absl::Status WaitForASlot(const std::string& path) {
  ChannelOptions options;
  options.max_senders = 1;
  const absl::StatusOr<Channel> channel = Channel::Create(path, options);
  if (!channel.ok()) return channel.status();
  // Takes the only slot, says so by a message, and dies.
  Process first = Start("first", [&]() -> absl::Status {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    if (!sender.ok()) return sender.status();
    const absl::Status sent = sender->Send(Numbered(1), kPatience);
    if (!sent.ok()) return sent;
    // Lives for a while, so that the next one has to wait.
    absl::SleepFor(absl::Milliseconds(100));
    raise(SIGKILL);
    return absl::OkStatus();
  });
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
  if (!lease.ok()) return lease.status();
  const absl::StatusOr<Sender> sender = AttachWhenOneLeaves(*channel);
  if (!sender.ok()) return sender.status();
  Report("took the slot of the dead sender:", sender->slot());
  Wait(&first);
  return first.killed() ? absl::OkStatus() : absl::InternalError("the first sender was not killed");
}

// Refuses to send where nobody receives, instead of filling the ring.
absl::Status SendOnlyToAReceiver(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Create(path, {});
  if (!channel.ok()) return channel.status();
  SenderOptions options;
  options.require_receiver = true;
  absl::StatusOr<Sender> sender = Sender::Attach(*channel, options);
  if (!sender.ok()) return sender.status();
  const absl::Status sent = sender->Send(Numbered(1), kPatience);
  if (!absl::IsUnavailable(sent)) return Unexpected(sent, "kUnavailable");
  Report("refused without a receiver:", 1);
  return absl::OkStatus();
}

absl::Status Run(const std::string& directory) {
  absl::Status status = FillTheRing(directory + "/full");
  if (status.ok()) status = DropWhatFindsNoSpace(directory + "/lossy");
  if (status.ok()) status = WaitForASlot(directory + "/slots");
  if (status.ok()) status = SendOnlyToAReceiver(directory + "/no_receiver");
  return status;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "backpressure\n\nShows what senders do when the ring is full.",
      ipmpsc::examples::Run);
}
