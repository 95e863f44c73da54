// Threads: a sender for each thread, and one thread that receives.

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/guide/guide.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

constexpr uint64_t kThreads = 4;
constexpr uint64_t kMessages = 1000;

// Runs in each sending thread. The channel may be shared, the sender may not.
absl::Status SendFromThisThread(const Channel& channel) {
  absl::StatusOr<Sender> sender = Sender::Attach(channel);
  if (!sender.ok()) return sender.status();
  for (uint64_t number = 1; number <= kMessages; ++number) {
    const absl::Status sent = sender->Send(Numbered(number), kPatience);
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

// Runs in the receiving thread, until another one calls `receiver.Interrupt()`.
absl::Status ReceiveUntilInterrupted(Receiver& receiver, uint64_t& received) {
  for (;;) {
    const absl::StatusOr<Lease> lease = receiver.Receive(absl::InfiniteDuration());
    if (absl::IsCancelled(lease.status())) return absl::OkStatus();
    if (!lease.ok()) return lease.status();
    ++received;
  }
}

absl::Status Run(const std::string& directory) {
  const absl::StatusOr<Channel> channel = Channel::Create(directory + "/threads", {});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  uint64_t received = 0;
  absl::Status received_all;
  std::thread receiving([&] { received_all = ReceiveUntilInterrupted(*receiver, received); });
  std::vector<absl::Status> sent(kThreads);
  std::vector<std::thread> sending;
  for (absl::Status& status : sent) {
    sending.emplace_back([&] { status = SendFromThisThread(*channel); });
  }
  for (std::thread& thread : sending) thread.join();
  receiver->Interrupt();  // takes effect when all messages have been received
  receiving.join();
  for (const absl::Status& status : sent) received_all.Update(status);
  if (received_all.ok()) Report("received from all threads:", received);
  return received_all;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "threads\n\nSends in several threads, and receives in one.",
      ipmpsc::examples::Run);
}
