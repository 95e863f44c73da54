#include "benchmarks/measurement/latency.h"

#include <cstring>
#include <memory>
#include <string>

#include "benchmarks/measurement/channel_name.h"
#include "benchmarks/measurement/payload.h"
#include "benchmarks/measurement/processes.h"

namespace ipmpsc::benchmarks {
namespace {

// The first messages, which do not count.
constexpr int kWarmUps = 200;

// The sequence number of the last message.
constexpr uint64_t kLast = ~uint64_t{0};

constexpr size_t kQueueBytes = size_t{1} << 20;

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportKind& kind,
                                                  const LatencyWork& work, Waiting waiting) {
  return kind.create({ChannelName(), work.size, kQueueBytes, 1, waiting});
}

struct Ends {
  std::unique_ptr<SenderEnd> sender;
  std::unique_ptr<ReceiverEnd> receiver;
};

absl::StatusOr<Ends> AttachEnds(Transport& to, Transport& from) {
  // Attaches the receivers first in both processes, since a sender may wait for its receiver.
  auto receiver = from.AttachReceiver();
  if (!receiver.ok()) return receiver.status();
  auto sender = to.AttachSender();
  if (!sender.ok()) return sender.status();
  return Ends{*std::move(sender), *std::move(receiver)};
}

// Receives one message and stores its sequence number in `*sequence`.
absl::Status ReceiveOne(ReceiverEnd& end, size_t size, uint64_t* sequence) {
  bool right = true;
  absl::Status status = end.Receive([&](absl::string_view message) {
    right = right && message.size() == size;
    std::memcpy(sequence, message.data() + 8, sizeof(*sequence));
  });
  if (status.ok() && !right) return absl::DataLossError("a message of another size");
  return status;
}

absl::Status Ping(Ends& ends, const LatencyWork& work, TimeLog& log) {
  std::string message(work.size, 'x');
  const int64_t end = Now() + absl::ToInt64Nanoseconds(work.time);
  int64_t begin = Now();
  for (uint64_t sequence = 0;; ++sequence) {
    const bool last = begin >= end || log.full();
    WritePayload(&message[0], work.size, 0, last ? kLast : sequence);
    if (absl::Status sent = ends.sender->Send(message); !sent.ok()) return sent;
    if (last) return absl::OkStatus();
    uint64_t answer = 0;
    if (absl::Status got = ReceiveOne(*ends.receiver, work.size, &answer); !got.ok()) return got;
    if (answer != sequence) return absl::DataLossError("an answer to another message");
    const int64_t now = Now();
    if (sequence >= kWarmUps) log.Add((now - begin) / 2);
    begin = now;
  }
}

absl::Status Pong(Ends& ends, const LatencyWork& work) {
  std::string message(work.size, 'x');
  for (;;) {
    uint64_t sequence = 0;
    if (absl::Status got = ReceiveOne(*ends.receiver, work.size, &sequence); !got.ok()) return got;
    if (sequence == kLast) return absl::OkStatus();
    WritePayload(&message[0], work.size, 0, sequence);
    if (absl::Status sent = ends.sender->Send(message); !sent.ok()) return sent;
  }
}

absl::Status SendNowAndThen(SenderEnd& end, const LatencyWork& work) {
  std::string message(work.size, 'x');
  const int64_t stop = Now() + absl::ToInt64Nanoseconds(work.time);
  for (int64_t now = Now(); now < stop;) {
    const int64_t next = now + kTimeToFallAsleep;
    while ((now = Now()) < next) {
    }
    WritePayload(&message[0], work.size, 0, static_cast<uint64_t>(Now()));
    if (absl::Status sent = end.Send(message); !sent.ok()) return sent;
  }
  WritePayload(&message[0], work.size, 0, kLast);
  return end.Send(message);
}

absl::Status ReceiveUntilLast(ReceiverEnd& end, const LatencyWork& work, TimeLog& log) {
  for (int count = 0;; ++count) {
    uint64_t sent_at = 0;
    if (absl::Status got = ReceiveOne(end, work.size, &sent_at); !got.ok()) return got;
    const int64_t now = Now();
    if (sent_at == kLast) return absl::OkStatus();
    if (count >= 10) log.Add(now - static_cast<int64_t>(sent_at));
  }
}

absl::StatusOr<Quantiles> Result(TimeLog& log) {
  if (log.count() == 0) return absl::InternalError("nothing was measured");
  return log.Compute();
}

}  // namespace

absl::StatusOr<Quantiles> MeasureSpinningLatency(const TransportKind& kind,
                                                 const LatencyWork& work) {
  auto there = Create(kind, work, Waiting::kSpin);
  if (!there.ok()) return there.status();
  auto back = Create(kind, work, Waiting::kSpin);
  if (!back.ok()) return back.status();
  const SharedMemory<TimeLog> log;
  const absl::Status status =
      RunProcesses({{Place::kSender,
                     [&](StartLine& start) -> absl::Status {
                       auto ends = AttachEnds(**there, **back);
                       if (!ends.ok()) return ends.status();
                       start.Wait();
                       return Ping(*ends, work, *log);
                     }},
                    {Place::kReceiver, [&](StartLine& start) -> absl::Status {
                       auto ends = AttachEnds(**back, **there);
                       if (!ends.ok()) return ends.status();
                       start.Wait();
                       return Pong(*ends, work);
                     }}});
  if (!status.ok()) return status;
  return Result(*log);
}

absl::StatusOr<Quantiles> MeasureSleepingLatency(const TransportKind& kind,
                                                 const LatencyWork& work) {
  auto transport = Create(kind, work, Waiting::kSleep);
  if (!transport.ok()) return transport.status();
  const SharedMemory<TimeLog> log;
  const absl::Status status = RunProcesses({{Place::kReceiver,
                                             [&](StartLine& start) -> absl::Status {
                                               auto end = (*transport)->AttachReceiver();
                                               if (!end.ok()) return end.status();
                                               start.Wait();
                                               return ReceiveUntilLast(**end, work, *log);
                                             }},
                                            {Place::kSender, [&](StartLine& start) -> absl::Status {
                                               auto end = (*transport)->AttachSender();
                                               if (!end.ok()) return end.status();
                                               start.Wait();
                                               return SendNowAndThen(**end, work);
                                             }}});
  if (!status.ok()) return status;
  return Result(*log);
}

}  // namespace ipmpsc::benchmarks
