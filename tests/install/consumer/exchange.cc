// A program that uses an installed ipmpsc: a child process sends, this one receives.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <iostream>

#include "absl/time/time.h"
#include "ipmpsc/version.h"
#include "reading.ipmpsc.h"
#include "reading.pb.h"

namespace {

constexpr int kMessages = 1000;

int Send(const ipmpsc::Channel& channel) {
  absl::StatusOr<consumer::ReadingSender> sender = consumer::ReadingSender::Attach(channel);
  if (!sender.ok()) return 1;
  for (int i = 0; i < kMessages; ++i) {
    consumer::Reading reading;
    reading.set_sequence(i);
    reading.set_place("roof");
    reading.add_values(i / 2.0);
    if (!sender->Send(reading, absl::Seconds(60)).ok()) return 1;
  }
  // The last one is written in place.
  absl::StatusOr<consumer::ReadingLoan> loan = sender->Claim(64, absl::Seconds(60));
  if (!loan.ok()) return 1;
  loan->set_place("cellar");
  return std::move(*loan).Publish().ok() ? 0 : 1;
}

int Receive(consumer::ReadingReceiver receiver) {
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    absl::StatusOr<consumer::ReadingLease> lease = receiver.Receive(absl::Seconds(60));
    if (!lease.ok()) {
      std::cerr << lease.status() << "\n";
      return 1;
    }
    const consumer::ReadingView& reading = **lease;
    if (reading.sequence() != i || reading.place() != "roof" || reading.values()[0] != i / 2.0) {
      std::cerr << "not what was sent: " << reading.ToMessage().ShortDebugString() << "\n";
      return 1;
    }
  }
  absl::StatusOr<consumer::ReadingLease> last = receiver.Receive(absl::Seconds(60));
  if (!last.ok() || (*last)->place() != "cellar") return 1;
  return 0;
}

}  // namespace

int main() {
  absl::StatusOr<ipmpsc::Channel> channel = consumer::ReadingChannel::CreateAnonymous();
  if (!channel.ok()) {
    std::cerr << channel.status() << "\n";
    return 1;
  }
  const pid_t child = fork();
  if (child == 0) _exit(Send(*ipmpsc::Channel::OpenFd(channel->fd())));
  absl::StatusOr<consumer::ReadingReceiver> receiver = consumer::ReadingReceiver::Attach(*channel);
  if (!receiver.ok()) {
    std::cerr << receiver.status() << "\n";
    return 1;
  }
  const int received = Receive(*std::move(receiver));
  int status = 1;
  waitpid(child, &status, 0);
  if (received != 0 || status != 0) return 1;
  std::cout << "ipmpsc " << ipmpsc::kVersion << ": " << kMessages + 1 << " messages\n";
}
