// Plays a program that uses a channel: play CHANNEL ACT [NUMBER]. Prints "ready" when it has done
// what the act says.
//
//   create [BYTES]    creates the channel of that capacity, and ends
//   stamped           the same with timestamps
//   replace           puts a new channel in its place, and ends
//   send [COUNT]      sends messages of 100 bytes, and ends
//   flood             sends messages of 100 bytes until it is killed
//   trickle           sends 100 messages of 100 bytes a second until it is killed
//   claim             claims 200 bytes, and holds the loan until it is killed
//   receive           receives until it is killed
//   newest            receives the newest message, and ends
//   hold              attaches a receiver that takes nothing, until it is killed
//   bridge            the same under the name of a bridge
//   lease             takes a message, and then waits for more with the lease in hand
//   close             closes the channel, and ends
//   damage            overwrites the release position, and ends
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc {
namespace {

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "play: %s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Get(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

void Ready() {
  std::puts("ready");
  std::fflush(stdout);
}

Sender AttachSender(const Channel& channel) {
  SenderOptions options;
  options.name = "camera";
  return Get(Sender::Attach(channel, options));
}

Receiver AttachReceiver(const Channel& channel, const std::string& name = "viewer") {
  ReceiverOptions options;
  options.name = name;
  return Get(Receiver::Attach(channel, options));
}

void Play(const std::string& path, const std::string& act, uint64_t number) {
  if (act == "create" || act == "stamped" || act == "replace") {
    ChannelOptions options;
    options.timestamps = act == "stamped";
    if (act == "replace") options.exist_policy = ExistPolicy::kReplace;
    options.capacity = number != 0 ? number : uint64_t{1} << 20;
    options.max_senders = 4;
    Get(Channel::Create(path, options));
    return Ready();
  }
  Channel channel = Get(Channel::Open(path));
  const std::string payload(100, 'p');
  if (act == "send") {
    Sender sender = AttachSender(channel);
    for (uint64_t i = 0; i < (number != 0 ? number : 1); ++i) Check(sender.TrySend(payload));
    Ready();
  } else if (act == "flood" || act == "trickle") {
    Sender sender = AttachSender(channel);
    Ready();
    for (;;) {
      Check(sender.Send(payload, absl::InfiniteDuration()));
      if (act == "trickle") absl::SleepFor(absl::Milliseconds(10));
    }
  } else if (act == "claim") {
    Sender sender = AttachSender(channel);
    const Loan loan = Get(sender.TryClaim(200));
    Ready();
    for (;;) pause();
  } else if (act == "receive") {
    Receiver receiver = AttachReceiver(channel);
    Ready();
    while (receiver.Receive(absl::InfiniteDuration()).ok()) {
    }
  } else if (act == "newest") {
    Receiver receiver = AttachReceiver(channel);
    Check(receiver.ReceiveLatest(absl::Seconds(20)).status());
    Ready();
  } else if (act == "hold" || act == "bridge") {
    const Receiver receiver = AttachReceiver(
        channel, act == "bridge" ? "ipmpsc-bridge nats://127.0.0.1:4222/quotes" : "viewer");
    Ready();
    for (;;) pause();
  } else if (act == "lease") {
    Receiver receiver = AttachReceiver(channel);
    const Lease lease = Get(receiver.Receive(absl::Seconds(20)));
    Ready();
    for (;;) const Lease next = Get(receiver.Receive(absl::InfiniteDuration()));
  } else if (act == "close") {
    channel.Close();
    Ready();
  } else if (act == "damage") {
    internal::ChannelAccess::SegmentOf(channel)->ring().control->release_position.store(uint64_t{1}
                                                                                        << 40);
    Ready();
  } else {
    Check(absl::InvalidArgumentError(absl::StrCat("no such act: ", act)));
  }
}

}  // namespace
}  // namespace ipmpsc

int main(int argc, char** argv) {
  uint64_t number = 0;
  if (argc < 3 || (argc > 3 && !absl::SimpleAtoi(argv[3], &number))) {
    std::fprintf(stderr, "usage: play CHANNEL ACT [NUMBER]\n");
    return 2;
  }
  ipmpsc::Play(argv[1], argv[2], number);
  return 0;
}
