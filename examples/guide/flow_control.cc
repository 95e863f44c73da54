// Flow control from end to end: a sender keeps a bounded number of messages on their way.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

constexpr size_t kWindow = 8;
constexpr uint64_t kMessages = 1000;

// Sends with at most `kWindow` messages on their way. Returns when the last one has been handled.
absl::Status SendWithWindow(Sender& sender) {
  std::deque<uint64_t> on_their_way;  // the position behind each
  for (uint64_t number = 1; number <= kMessages; ++number) {
    if (on_their_way.size() == kWindow) {
      const absl::Status released = sender.WaitUntilReleased(on_their_way.front(), kPatience);
      if (!released.ok()) return released;
      on_their_way.pop_front();
    }
    const absl::Status sent = sender.Send(Numbered(number), kPatience);
    if (!sent.ok()) return sent;
    on_their_way.push_back(sender.sent_position());
  }
  return sender.WaitUntilReleased(sender.sent_position(), kPatience);
}

absl::Status OpenAndSend(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Open(path, {kPatience});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  const absl::Status sent = SendWithWindow(*sender);
  if (sent.ok()) Report("handled before the sender ended:", kMessages);
  return sent;
}

absl::Status Run(const std::string& directory) {
  const std::string path = directory + "/requests";
  const Process sending = Start("sending", [&] { return OpenAndSend(path); });
  const absl::StatusOr<Channel> channel = Channel::Create(path, {});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  // As long as it holds the first messages, no more than those arrive.
  std::vector<Lease> held;
  while (held.size() < kWindow) {
    absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (!lease.ok()) return lease.status();
    held.push_back(*std::move(lease));
  }
  const absl::StatusOr<Lease> beyond = receiver->Receive(absl::Milliseconds(50));
  if (!absl::IsDeadlineExceeded(beyond.status())) {
    return absl::InternalError("a message came beyond the window");
  }
  Report("on their way at a time:", held.size());
  held.clear();
  for (uint64_t number = kWindow + 1; number <= kMessages; ++number) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (!lease.ok()) return lease.status();
    if (NumberOf(lease->payload()) != number) return absl::DataLossError("not the next number");
  }
  return Join(sending);
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "flow_control\n\nSends with a bounded number of messages on their way.",
      ipmpsc::examples::Run);
}
