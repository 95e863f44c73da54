#include "benchmarks/measurement/tapped.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "benchmarks/measurement/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/tap.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr size_t kSize = 64;
constexpr absl::Duration kTick = absl::Milliseconds(1);
// The first messages, which touch the ring's memory for the first time, do not count.
constexpr uint64_t kCapacity = 1 << 20;
constexpr absl::Duration kWarmUp = absl::Milliseconds(50);
constexpr uint64_t kEnd = ~uint64_t{0};

struct Shared {
  std::atomic<uint64_t> sent{0};  // that count
  int64_t sender_time = 0;
  int64_t receiver_time = 0;
  std::atomic<bool> counts{false};
};

absl::Status SendAll(const Channel& channel, const TappedWork& work, StartLine& start,
                     Shared& shared) {
  absl::StatusOr<Sender> sender = Sender::Attach(channel);
  if (!sender.ok()) return sender.status();
  start.Wait();
  std::string message(kSize, 'x');
  uint64_t sequence = 0;
  const auto send = [&](uint64_t number) {
    std::memcpy(&message[0], &number, sizeof(number));
    return sender->Send(message, absl::Seconds(10));
  };
  const uint64_t at_once =
      work.rate == 0 ? 1000 : static_cast<uint64_t>(work.rate * absl::ToDoubleSeconds(kTick));
  int64_t before = 0;
  uint64_t sent_before = 0;
  const absl::Time begin = absl::Now();
  for (absl::Time next = begin;;) {
    const absl::Time now = absl::Now();
    if (before == 0 && now >= begin + kWarmUp) {
      before = ProcessorTime();
      sent_before = sequence;
      shared.counts.store(true);
    }
    if (now >= begin + kWarmUp + work.time) break;
    for (uint64_t i = 0; i < at_once; ++i) {
      if (absl::Status sent = send(sequence++); !sent.ok()) return sent;
    }
    if (work.rate == 0) continue;
    next += kTick;
    absl::SleepFor(next - absl::Now());
  }
  shared.sender_time = ProcessorTime() - before;
  shared.sent.store(sequence - sent_before);
  return send(kEnd);
}

absl::Status ReceiveAll(const Channel& channel, StartLine& start, Shared& shared) {
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
  if (!receiver.ok()) return receiver.status();
  start.Wait();
  int64_t before = 0;
  for (uint64_t sequence = 0;; ++sequence) {
    const absl::StatusOr<Lease> lease = receiver->Receive(absl::Seconds(10));
    if (!lease.ok()) return lease.status();
    uint64_t number;
    std::memcpy(&number, lease->payload().data(), sizeof(number));
    if (number == kEnd) break;
    if (number != sequence) return absl::DataLossError("a message is out of order");
    if (before == 0 && shared.counts.load(std::memory_order_relaxed)) before = ProcessorTime();
  }
  shared.receiver_time = ProcessorTime() - before;
  return absl::OkStatus();
}

absl::Status TapAll(const Channel& channel, StartLine& start) {
  Tap tap = Tap::Over(channel);
  start.Wait();
  TapMessage message;
  for (;;) {
    // A tap that was overtaken near the end can miss the last message.
    const absl::Status next = tap.Next(absl::Milliseconds(100), &message);
    if (absl::IsDeadlineExceeded(next)) return absl::OkStatus();
    if (!next.ok()) return next;
    uint64_t number;
    std::memcpy(&number, message.payload.data(), sizeof(number));
    if (number == kEnd) return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<TappedCost> MeasureTapped(const TappedWork& work) {
  ChannelOptions options;
  options.capacity = kCapacity;
  const absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
  if (!channel.ok()) return channel.status();
  const SharedMemory<Shared> shared;
  std::vector<Role> roles = {
      {Place::kReceiver, [&](StartLine& start) { return ReceiveAll(*channel, start, *shared); }},
      {Place::kSender, [&](StartLine& start) { return SendAll(*channel, work, start, *shared); }},
  };
  if (work.tapped) {
    roles.push_back({Place::kSender, [&](StartLine& start) { return TapAll(*channel, start); }});
  }
  if (absl::Status status = RunProcesses(roles); !status.ok()) return status;
  const auto sent = static_cast<double>(shared->sent.load());
  if (sent == 0) return absl::InternalError("nothing was measured");
  return TappedCost{static_cast<double>(shared->sender_time) / sent,
                    static_cast<double>(shared->receiver_time) / sent};
}

}  // namespace ipmpsc::benchmarks
