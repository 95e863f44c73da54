// One loop over many channels and a socket, without polling: `WaitSet` by itself, and inside of a
// loop of the program's own.
//
//   wait_set [--channels=N] [--messages=N]
//
// Threads stand for the other processes.
#include "ipmpsc/wait_set.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/command_line.h"
#include "examples/waiting/world.h"
#include "ipmpsc/receiver.h"

ABSL_FLAG(uint64_t, channels, 3, "the number of channels");
ABSL_FLAG(uint64_t, messages, 1000, "the number of messages in each");

namespace ipmpsc::examples {
namespace {

constexpr uint64_t kSocket = ~uint64_t{0};

// Receives what is there. Returns how many messages.
uint64_t Drain(Receiver& receiver) {
  const absl::StatusOr<size_t> count =
      receiver.Drain([](const Record& record) { Use(record.payload); });
  if (!count.ok() && !absl::IsUnavailable(count.status())) Fail(kFault, count.status().message());
  return count.ok() ? *count : 0;
}

uint64_t Handle(World& world, const Ready& ready) {
  if (ready.tag != kSocket) return Drain(world.receivers[ready.tag]);
  char text[16];
  return read(world.socket, text, sizeof(text)) > 0 ? 1 : 0;
}

// The set waits.
uint64_t WaitForMost(World& world, WaitSet& set, uint64_t most) {
  uint64_t received = 0;
  Ready ready[16];
  while (received < most) {
    const absl::StatusOr<size_t> count = set.Wait(absl::InfiniteDuration(), absl::MakeSpan(ready));
    if (!count.ok()) Fail(kFault, count.status().message());
    for (size_t i = 0; i < *count; ++i) received += Handle(world, ready[i]);
  }
  return received;
}

// A loop of the program's own waits, here `poll`: drain, arm, wait.
uint64_t PollForTheRest(World& world, WaitSet& set, uint64_t rest) {
  const absl::StatusOr<int> fd = set.fd();
  if (!fd.ok()) Fail(kFault, fd.status().message());
  uint64_t received = 0;
  Ready ready[16];
  while (received < rest) {
    const absl::StatusOr<size_t> count = set.Wait(absl::ZeroDuration(), absl::MakeSpan(ready));
    if (!count.ok()) Fail(kFault, count.status().message());
    for (size_t i = 0; i < *count; ++i) received += Handle(world, ready[i]);
    // After a Wait that returns 0, each event makes the descriptor readable.
    pollfd polled = {*fd, POLLIN, 0};
    if (*count == 0) poll(&polled, 1, -1);
  }
  return received;
}

int Main(int argc, char** argv) {
  if (!ParseArguments(argc, argv, "wait_set [flags]\n\nReceives from many channels and a socket.",
                      {"channels", "messages"})
           .empty()) {
    Fail(kBadInput, "wait_set takes flags only");
  }
  World world(absl::GetFlag(FLAGS_channels), absl::GetFlag(FLAGS_messages));
  absl::StatusOr<WaitSet> set = WaitSet::Create();
  if (!set.ok()) Fail(kFault, set.status().message());
  for (size_t i = 0; i < world.receivers.size(); ++i) {
    const absl::Status added = set->Add(world.receivers[i], i);
    if (!added.ok()) Fail(kFault, added.message());
  }
  const absl::Status added = set->AddFd(world.socket, EPOLLIN, kSocket);
  if (!added.ok()) Fail(kFault, added.message());
  world.StartSending();
  const uint64_t all = world.messages() + 1;  // one comes by the socket
  uint64_t received = WaitForMost(world, *set, all / 2);
  received += PollForTheRest(world, *set, all - received);
  std::printf("received %llu messages\n", static_cast<unsigned long long>(received));
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
