// Handover: a standby receiver takes over from one that is killed, and a new channel replaces the
// one that its senders use.

#include <signal.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

// Waits until the receiver has detached or died, then becomes the receiver.
absl::StatusOr<Receiver> StandBy(const Channel& channel) {
  ReceiverOptions options;
  options.name = "standby";
  options.deadline = kPatience;
  return Receiver::Attach(channel, options);
}

// Handles three messages, and is killed while it handles the fourth.
absl::Status HandleThree(const Channel& channel) {
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
  if (!receiver.ok()) return receiver.status();
  for (uint64_t number = 1;; ++number) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (!lease.ok()) return lease.status();
    if (number == 4) raise(SIGKILL);
  }
}

absl::Status TakeOver(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Create(path, {});
  if (!channel.ok()) return channel.status();
  Process first = Start("first", [&] { return HandleThree(*channel); });
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  uint64_t behind_third = 0;
  for (uint64_t number = 1; number <= 10; ++number) {
    const absl::Status sent = sender->Send(Numbered(number), kPatience);
    if (!sent.ok()) return sent;
    if (number == 3) behind_third = sender->sent_position();
  }
  // Only now, since either process may attach first.
  const absl::Status released = sender->WaitUntilReleased(behind_third, kPatience);
  if (!released.ok()) return released;
  absl::StatusOr<Receiver> receiver = StandBy(*channel);
  if (!receiver.ok()) return receiver.status();
  for (uint64_t number = 4; number <= 10; ++number) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (!lease.ok()) return lease.status();
    if (number == 4) Report("the successor begins with:", NumberOf(lease->payload()));
    if (NumberOf(lease->payload()) != number) return absl::DataLossError("not the next number");
  }
  Wait(&first);
  return first.killed() ? absl::OkStatus()
                        : absl::InternalError("the first receiver was not killed");
}

// Sends to the channel that is at `path` now, and opens it again when it was replaced.
class FollowingSender {
 public:
  explicit FollowingSender(std::string path) : path_(std::move(path)) {}

  absl::Status Send(absl::string_view payload, Deadline deadline) {
    for (;;) {
      if (!sender_.ok()) sender_ = Open(deadline);
      const absl::Status sent = sender_.ok() ? sender_->Send(payload, deadline) : sender_.status();
      if (!absl::IsAborted(sent) || deadline.Passed()) return sent;
      sender_ = sent;  // kAborted: the channel was replaced, and the message is not sent.
    }
  }

 private:
  absl::StatusOr<Sender> Open(Deadline deadline) {
    const absl::StatusOr<Channel> channel = Channel::Open(path_, {deadline});
    if (!channel.ok()) return channel.status();
    return Sender::Attach(*channel);
  }

  const std::string path_;
  absl::StatusOr<Sender> sender_ = absl::AbortedError("not open yet");
};

absl::Status SendFollowing(const std::string& path, uint64_t messages) {
  FollowingSender sender(path);
  for (uint64_t number = 1; number <= messages; ++number) {
    const absl::Status sent = sender.Send(Numbered(number), kPatience);
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

// Replaces the channel by a larger one. Senders move on, and the messages that are left in the old
// one are received from `old`.
absl::StatusOr<Channel> ReplaceByLarger(const Channel& old) {
  ChannelOptions options;
  options.capacity = 2 * old.capacity();
  options.exist_policy = ExistPolicy::kReplace;
  return Channel::Create(old.path(), options);
}

absl::Status Replace(const std::string& path) {
  // So many that half of them do not fit into the old channel, which holds 1024.
  constexpr uint64_t kMessages = 6000;
  const Process sending = Start("sending", [&] { return SendFollowing(path, kMessages); });
  ChannelOptions options;
  options.capacity = 65536;
  absl::StatusOr<Channel> channel = Channel::Create(path, options);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  absl::StatusOr<Channel> larger = absl::NotFoundError("not created yet");
  for (uint64_t number = 1; number <= kMessages;) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (absl::IsAborted(lease.status()) && larger.ok()) {  // The old one is empty.
      receiver = Receiver::Attach(*larger);
      if (!receiver.ok()) return receiver.status();
      continue;
    }
    if (!lease.ok()) return lease.status();
    if (NumberOf(lease->payload()) != number) return absl::DataLossError("not the next number");
    if (number++ == kMessages / 2) {
      larger = ReplaceByLarger(*channel);
      if (!larger.ok()) return larger.status();
    }
  }
  if (receiver->channel().capacity() != 131072)
    return absl::InternalError("not the larger channel");
  Report("received from both channels:", kMessages);
  return Join(sending);
}

absl::Status Run(const std::string& directory) {
  absl::Status status = TakeOver(directory + "/taken_over");
  if (status.ok()) status = Replace(directory + "/replaced");
  return status;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "handover\n\nHands a channel over to a successor, and its users to another one.",
      ipmpsc::examples::Run);
}
