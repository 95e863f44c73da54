// A clean end, in both directions: a receiver that is told to stop takes what was sent, and a
// receiver stops by itself when all senders have gone.

#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

// The number of messages after which the sending process asks the receiving one to stop.
constexpr uint64_t kEnough = 3000;

uint64_t received = 0;

absl::Status Handle(const Lease& lease) {
  return NumberOf(lease.payload()) == ++received ? absl::OkStatus()
                                                 : absl::DataLossError("not the next number");
}

volatile sig_atomic_t stop = 0;
Receiver* interrupted = nullptr;

void OnSignal(int) {
  stop = 1;
  interrupted->Interrupt();  // ends a Receive that sleeps
}

// Receives until SIGTERM. No message is lost: each is either received, or its send has failed.
absl::Status Serve(Channel& channel, Receiver& receiver) {
  for (bool closed = false;;) {
    if (stop != 0 && !closed) {
      channel.Close();  // From now on senders get kFailedPrecondition.
      closed = true;
    }
    const absl::StatusOr<Lease> lease =
        receiver.Receive(closed ? kPatience : absl::InfiniteDuration());
    if (absl::IsOutOfRange(lease.status())) return absl::OkStatus();  // closed, and all received
    if (absl::IsCancelled(lease.status())) continue;                  // by OnSignal
    if (!lease.ok()) return lease.status();
    if (absl::Status handled = Handle(*lease); !handled.ok()) return handled;
  }
}

absl::Status SendUntilClosed(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Open(path, {kPatience});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  uint64_t sent = 0;
  for (;;) {
    const absl::Status status = sender->Send(Numbered(sent + 1), kPatience);
    if (absl::IsFailedPrecondition(status)) break;  // The channel is closed.
    if (!status.ok()) return status;
    if (++sent == kEnough) kill(getppid(), SIGTERM);
  }
  Report("sent until the channel was closed:", sent);
  return absl::OkStatus();
}

absl::Status StopTheReceiver(const std::string& path) {
  const Process sending = Start("sending", [&] { return SendUntilClosed(path); });
  ChannelOptions options;
  // So small that the sender cannot send enough before the receiver takes messages.
  options.capacity = 65536;
  absl::StatusOr<Channel> channel = Channel::Create(path, options);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  interrupted = &*receiver;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGTERM, &action, nullptr);
  const absl::Status served = Serve(*channel, *receiver);
  action.sa_handler = SIG_DFL;
  sigaction(SIGTERM, &action, nullptr);
  if (!served.ok()) return served;
  Report("received until the channel was closed:", received);
  return Join(sending);
}

// Receives all that the senders have sent, whoever of them has died.
absl::StatusOr<uint64_t> ReceiveUntilSendersEnd(const Channel& channel) {
  ReceiverOptions options;
  options.end_without_senders = true;
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel, options);
  if (!receiver.ok()) return receiver.status();
  for (uint64_t count = 0;; ++count) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (absl::IsOutOfRange(lease.status())) return count;
    if (!lease.ok()) return lease.status();
  }
}

absl::Status Run(const std::string& directory) {
  const absl::Status stopped = StopTheReceiver(directory + "/service");
  if (!stopped.ok()) return stopped;

  const std::string path = directory + "/batch";
  const Process sending = Start("sending", [&] { return SendNumbers(path, 1, 500); });
  const absl::StatusOr<Channel> channel = Channel::Create(path, {});
  if (!channel.ok()) return channel.status();
  const absl::StatusOr<uint64_t> count = ReceiveUntilSendersEnd(*channel);
  if (!count.ok()) return count.status();
  Report("received until the senders ended:", *count);
  return Join(sending);
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(argc, argv, "shutdown\n\nEnds channels cleanly.",
                                          ipmpsc::examples::Run);
}
