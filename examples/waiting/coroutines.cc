// Coroutines of C++20 that receive, send and wait for a socket, in one thread.
#include <cstdio>

#ifdef __cpp_impl_coroutine

#include <sys/epoll.h>
#include <unistd.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/command_line.h"
#include "examples/waiting/world.h"
#include "ipmpsc/adapters/coroutine.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

uint64_t received = 0;

Task Receive(CoroutineLoop& loop, Receiver& receiver, uint64_t messages) {
  for (uint64_t i = 0; i < messages; ++i) {
    const absl::StatusOr<Lease> lease = co_await loop.Receive(receiver);
    if (!lease.ok()) Fail(kFault, lease.status().message());
    Use(lease->payload());
    ++received;
  }
}

Task Send(CoroutineLoop& loop, Sender& sender, uint64_t messages) {
  for (uint64_t i = 0; i < messages; ++i) {
    const absl::Status sent = co_await loop.Send(sender, "message");
    if (!sent.ok()) Fail(kFault, sent.message());
  }
}

Task ReadSocket(CoroutineLoop& loop, int socket) {
  const absl::StatusOr<uint32_t> events = co_await loop.Wait(socket, EPOLLIN);
  if (!events.ok()) Fail(kFault, events.status().message());
  char byte;
  if (read(socket, &byte, 1) == 1) ++received;
}

int Main() {
  constexpr uint64_t kOwn = 1000;  // sent in the loop itself, more than the ring holds
  World world(3, 1000);
  ChannelOptions options;
  options.capacity = 4096;
  const absl::StatusOr<Channel> own = Channel::CreateAnonymous(options);
  if (!own.ok()) Fail(kFault, own.status().message());
  absl::StatusOr<Receiver> own_receiver = Receiver::Attach(*own);
  absl::StatusOr<Sender> own_sender = Sender::Attach(*own);
  if (!own_receiver.ok() || !own_sender.ok()) Fail(kFault, "cannot attach");
  const absl::StatusOr<std::unique_ptr<CoroutineLoop>> loop = CoroutineLoop::Create();
  if (!loop.ok()) Fail(kFault, loop.status().message());
  for (Receiver& receiver : world.receivers) {
    (*loop)->Spawn(Receive(**loop, receiver, world.messages_each));
  }
  (*loop)->Spawn(Receive(**loop, *own_receiver, kOwn));
  (*loop)->Spawn(Send(**loop, *own_sender, kOwn));
  (*loop)->Spawn(ReadSocket(**loop, world.socket));
  world.StartSending();
  const absl::Status run = (*loop)->Run();
  if (!run.ok()) Fail(kFault, run.message());
  std::printf("received %llu messages\n", static_cast<unsigned long long>(received));
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main() { return ipmpsc::examples::Main(); }

#else

int main() { std::printf("skipped: the compiler has no coroutines\n"); }

#endif
