#include "benchmarks/measurement/throughput.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/measurement/channel_name.h"
#include "benchmarks/measurement/payload.h"
#include "benchmarks/measurement/processes.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr int kMostSenders = 32;

// The time before counting begins: caches warm up, and adaptive waits adapt.
constexpr int64_t kWarmUp = 50'000'000;

struct alignas(128) SentCount {
  std::atomic<int64_t> count{-1};  // -1: still sending
  int64_t processor_time = 0;
};

struct Shared {
  alignas(128) std::atomic<bool> stop{false};
  SentCount sent[kMostSenders];
  // Written by the receiver, over the counted time.
  int64_t time = 0;
  int64_t received[kMostSenders] = {};
  int64_t processor_time = 0;
  int64_t received_in_all = 0;
};

absl::Status SendUntilStopped(SenderEnd& end, const ThroughputWork& work, uint64_t number,
                              Shared& shared) {
  std::vector<std::string> buffers(work.batch, std::string(work.size, 'x'));
  std::vector<absl::string_view> messages(buffers.begin(), buffers.end());
  uint64_t sequence = 0;
  const auto send_one = [&] {
    if (work.content != nullptr) return work.content->Send(end, {number, sequence++});
    WritePayload(&buffers[0][0], work.size, number, sequence++);
    return end.Send(messages[0]);
  };
  const auto send_batch = [&] {
    for (std::string& buffer : buffers) WritePayload(&buffer[0], work.size, number, sequence++);
    return end.SendBatch(messages);
  };
  while (!shared.stop.load(std::memory_order_relaxed)) {
    absl::Status sent = work.batch == 1 ? send_one() : send_batch();
    if (!sent.ok()) return sent;
  }
  // Stores the count first and then sends one more message. As long as the receiver does not know
  // every count, it can therefore wait for another message.
  shared.sent[number].processor_time = ProcessorTime();
  shared.sent[number].count.store(static_cast<int64_t>(sequence) + 1);
  return send_one();
}

// Returns the number of sent messages, or -1 while a sender still sends.
int64_t SentInAll(const Shared& shared, int senders) {
  int64_t all = 0;
  for (int i = 0; i < senders; ++i) {
    const int64_t count = shared.sent[i].count.load();
    if (count < 0) return -1;
    all += count;
  }
  return all;
}

absl::Status ReceiveAll(ReceiverEnd& end, const ThroughputWork& work, Shared& shared) {
  PayloadCheck check(work.senders, work.size);
  // A read of the clock costs about as much as a small message.
  const int64_t messages_per_look = std::max<int64_t>(1, 4096 / static_cast<int64_t>(work.size));
  int64_t received = 0;
  int64_t next_look = 0;
  int64_t begin = 0;
  std::vector<uint64_t> at_begin;
  const int64_t first = Now();
  absl::Status read;
  const auto handler = [&](absl::string_view message) {
    ++received;
    if (work.content == nullptr) {
      check.Accept(message);
      return;
    }
    const absl::StatusOr<MessageNumber> number = work.content->Read(message);
    if (number.ok()) {
      check.AcceptNumber(number->sender, number->sequence);
    } else {
      read.Update(number.status());
    }
  };
  for (;;) {
    if (shared.stop.load(std::memory_order_relaxed) && received == SentInAll(shared, work.senders))
      break;
    if (absl::Status status = end.Receive(handler); !status.ok()) return status;
    if (!read.ok()) return read;
    if (!check.status().ok()) return check.status();
    if (received < next_look) continue;
    next_look = received + messages_per_look;
    const int64_t now = Now();
    if (begin == 0) {
      if (now < first + kWarmUp || received < work.warm_up_messages) continue;
      begin = now;
      at_begin = check.received();
    } else if (shared.time == 0 && now >= begin + absl::ToInt64Nanoseconds(work.time)) {
      shared.time = now - begin;
      for (int i = 0; i < work.senders; ++i)
        shared.received[i] = static_cast<int64_t>(check.received()[i] - at_begin[i]);
      shared.stop.store(true);
    }
  }
  shared.received_in_all = received;
  shared.processor_time = ProcessorTime();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Throughput> MeasureThroughput(const TransportKind& kind,
                                             const ThroughputWork& work) {
  auto created =
      kind.create({ChannelName(), work.size, work.queue_bytes, work.senders, Waiting::kFastest});
  if (!created.ok()) return created.status();
  Transport& transport = **created;
  const SharedMemory<Shared> shared;
  std::vector<Role> roles;
  roles.push_back({Place::kReceiver, [&](StartLine& start) -> absl::Status {
                     auto end = transport.AttachReceiver();
                     if (!end.ok()) return end.status();
                     start.Wait();
                     return ReceiveAll(**end, work, *shared);
                   }});
  for (int i = 0; i < work.senders; ++i) {
    roles.push_back({Place::kSender, [&, i](StartLine& start) -> absl::Status {
                       auto end = transport.AttachSender();
                       if (!end.ok()) return end.status();
                       start.Wait();
                       return SendUntilStopped(**end, work, i, *shared);
                     }});
  }
  if (absl::Status status = RunProcesses(roles); !status.ok()) return status;

  int64_t all = 0;
  int64_t least = shared->received[0];
  int64_t processor_time = shared->processor_time;
  for (int i = 0; i < work.senders; ++i) {
    all += shared->received[i];
    least = std::min(least, shared->received[i]);
    processor_time += shared->sent[i].processor_time;
  }
  if (all == 0) return absl::InternalError("nothing was received in the time that counts");
  return Throughput{
      1e9 * static_cast<double>(all) / static_cast<double>(shared->time),
      static_cast<double>(least) * work.senders / static_cast<double>(all),
      static_cast<double>(processor_time) / static_cast<double>(shared->received_in_all)};
}

}  // namespace ipmpsc::benchmarks
