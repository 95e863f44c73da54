// Receivers and senders in Asio: a coroutine for each receiver, where the compiler has them, and a
// callback, which C++17 has, too.
#include <cstdio>

#ifdef IPMPSC_HAS_ASIO

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/command_line.h"
#include "examples/waiting/world.h"
#include "ipmpsc/adapters/asio.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

uint64_t received = 0;

#ifdef ASIO_HAS_CO_AWAIT

asio::awaitable<void> Receive(AsioReceiver& receiver, uint64_t messages) {
  for (uint64_t i = 0; i < messages; ++i) {
    const absl::StatusOr<Lease> lease = co_await async_receive(receiver, asio::use_awaitable);
    if (!lease.ok()) Fail(kFault, lease.status().message());
    Use(lease->payload());
    ++received;
  }
}

asio::awaitable<void> Send(AsioSender& sender, uint64_t messages) {
  for (uint64_t i = 0; i < messages; ++i) {
    const absl::Status sent = co_await async_send(sender, "message", asio::use_awaitable);
    if (!sent.ok()) Fail(kFault, sent.message());
  }
}

#endif

// The same with callbacks.
void ReceiveByCallback(AsioReceiver& receiver, uint64_t messages) {
  if (messages == 0) return;
  async_receive(receiver, [&receiver, messages](absl::StatusOr<Lease> lease) {
    if (!lease.ok()) Fail(kFault, lease.status().message());
    Use(lease->payload());
    ++received;
    ReceiveByCallback(receiver, messages - 1);
  });
}

void SendByCallback(AsioSender& sender, uint64_t messages) {
  if (messages == 0) return;
  async_send(sender, "message", [&sender, messages](absl::Status sent) {
    if (!sent.ok()) Fail(kFault, sent.message());
    SendByCallback(sender, messages - 1);
  });
}

template <typename T>
T OrFail(absl::StatusOr<T> result) {
  if (!result.ok()) Fail(kFault, result.status().message());
  return *std::move(result);
}

int Main() {
  constexpr uint64_t kOwn = 1000;  // sent in the loop itself, more than the ring holds
  World world(3, 1000);
  asio::io_context io;
  ChannelOptions options;
  options.capacity = 4096;
  Channel own = OrFail(Channel::CreateAnonymous(options));
  std::vector<AsioReceiver> receivers;
  for (Receiver& receiver : world.receivers) {
    receivers.push_back(OrFail(AsioReceiver::Create(io.get_executor(), std::move(receiver))));
  }
  AsioReceiver own_receiver =
      OrFail(AsioReceiver::Create(io.get_executor(), OrFail(Receiver::Attach(own))));
  AsioSender own_sender =
      OrFail(AsioSender::Create(io.get_executor(), OrFail(Sender::Attach(own))));
#ifdef ASIO_HAS_CO_AWAIT
  asio::co_spawn(io, Receive(receivers[0], world.messages_each), asio::detached);
  asio::co_spawn(io, Receive(receivers[1], world.messages_each), asio::detached);
  asio::co_spawn(io, Send(own_sender, kOwn), asio::detached);
#else
  ReceiveByCallback(receivers[0], world.messages_each);
  ReceiveByCallback(receivers[1], world.messages_each);
  SendByCallback(own_sender, kOwn);
#endif
  ReceiveByCallback(receivers[2], world.messages_each);
  ReceiveByCallback(own_receiver, kOwn);
  world.StartSending();
  io.run();
  std::printf("received %llu messages\n", static_cast<unsigned long long>(received));
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main() { return ipmpsc::examples::Main(); }

#else

int main() { std::printf("skipped: Asio is not installed\n"); }

#endif
