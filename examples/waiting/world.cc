#include "examples/waiting/world.h"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/command_line.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

constexpr absl::string_view kText = "message";

// The senders pause this often, so that the receivers sleep now and then.
constexpr uint64_t kPauseEvery = 100;

}  // namespace

World::World(size_t count, uint64_t messages) : messages_each(messages) {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 1;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
    if (!channel.ok()) Fail(kFault, channel.status().message());
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
    if (!receiver.ok()) Fail(kFault, receiver.status().message());
    channels.push_back(*std::move(channel));
    receivers.push_back(*std::move(receiver));
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    Fail(kFault, "cannot make a socket");
  }
  socket = ends[0];
  other_side = ends[1];
}

World::~World() {
  if (sends.joinable()) sends.join();
  close(socket);
  close(other_side);
}

void World::StartSending() {
  sends = std::thread([this] {
    std::vector<Sender> senders;
    for (const Channel& channel : channels) {
      absl::StatusOr<Sender> sender = Sender::Attach(channel);
      if (!sender.ok()) Fail(kFault, sender.status().message());
      senders.push_back(*std::move(sender));
    }
    for (uint64_t i = 0; i < messages_each; ++i) {
      for (Sender& sender : senders) {
        const absl::Status sent = sender.Send(kText, absl::InfiniteDuration());
        if (!sent.ok()) Fail(kFault, sent.message());
      }
      if (i == messages_each / 2 && write(other_side, "x", 1) != 1) Fail(kFault, "cannot write");
      if (i % kPauseEvery == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
}

void Use(absl::string_view payload) {
  if (payload != kText) Fail(kFault, absl::StrCat("'", payload, "' came"));
}

}  // namespace ipmpsc::examples
