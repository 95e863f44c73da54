#include "benchmarks/measurement/frames.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "benchmarks/measurement/channel_name.h"
#include "benchmarks/measurement/payload.h"
#include "benchmarks/measurement/processes.h"

namespace ipmpsc::benchmarks {
namespace {

// Touches every page.
constexpr uint64_t kWarmUps = kFrameQueueBytes / kFrameBytes + 2;

struct Shared {
  alignas(128) std::atomic<uint64_t> seen{0};  // frames that the receiver has had
  alignas(128) std::atomic<uint64_t> sent{0};  // for the bare ones
  std::atomic<uint64_t> last{0};               // the number of frames, once it is known
  TimeLog log;
};

// Sends frames with `send`. Each waits until the previous one was seen.
template <typename SendFrame>
absl::Status SendFrames(Shared& shared, absl::Duration time, SendFrame send) {
  const int64_t end = Now() + absl::ToInt64Nanoseconds(time);
  bool stop = false;
  for (uint64_t sequence = 0; !stop; ++sequence) {
    const int64_t begin = Now();
    stop = begin >= end && sequence > kWarmUps;
    if (stop) shared.last.store(sequence + 1);
    if (absl::Status sent = send(sequence); !sent.ok()) return sent;
    while (shared.seen.load(std::memory_order_acquire) != sequence + 1) {
    }
    if (sequence >= kWarmUps) shared.log.Add(Now() - begin);
  }
  return absl::OkStatus();
}

absl::Status SendThrough(SenderEnd& end, Filling filling, absl::Duration time, Shared& shared) {
  std::string frame(filling == Filling::kCopied ? kFrameBytes : 0, 'x');
  return SendFrames(shared, time, [&](uint64_t sequence) -> absl::Status {
    if (filling == Filling::kCopied) {
      WritePayload(&frame[0], kFrameBytes, 0, sequence);
      return end.Send(frame);
    }
    const absl::StatusOr<char*> loan = end.Loan(kFrameBytes);
    if (!loan.ok()) return loan.status();
    TouchPages(*loan, kFrameBytes);
    WritePayload(*loan, kFrameBytes, 0, sequence);
    return end.Publish();
  });
}

absl::Status ReceiveFrames(ReceiverEnd& end, Shared& shared) {
  PayloadCheck check(1, kFrameBytes);
  const auto handler = [&](absl::string_view frame) {
    if (check.Accept(frame)) shared.seen.store(check.received()[0], std::memory_order_release);
  };
  bool last = false;
  while (!last) {
    if (absl::Status got = end.Receive(handler); !got.ok()) return got;
    if (!check.status().ok()) return check.status();
    last = shared.last.load() == check.received()[0];
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Quantiles> MeasureFrames(const TransportKind& kind, Filling filling,
                                        size_t queue_bytes, absl::Duration time) {
  if (filling == Filling::kInPlace && !kind.in_place)
    return absl::UnimplementedError("it cannot write in place");
  auto transport = kind.create({ChannelName(), kFrameBytes, queue_bytes, 1, Waiting::kSpin});
  if (!transport.ok()) return transport.status();
  const SharedMemory<Shared> shared;
  const absl::Status status = RunProcesses({{Place::kReceiver,
                                             [&](StartLine& start) -> absl::Status {
                                               auto end = (*transport)->AttachReceiver();
                                               if (!end.ok()) return end.status();
                                               start.Wait();
                                               return ReceiveFrames(**end, *shared);
                                             }},
                                            {Place::kSender, [&](StartLine& start) -> absl::Status {
                                               auto end = (*transport)->AttachSender();
                                               if (!end.ok()) return end.status();
                                               start.Wait();
                                               return SendThrough(**end, filling, time, *shared);
                                             }}});
  if (!status.ok()) return status;
  return shared->log.Compute();
}

absl::StatusOr<Quantiles> MeasureBareFrames(Filling filling, absl::Duration time, size_t size) {
  // As in a ring, each frame begins at the end of the previous one.
  struct Frames {
    char bytes[kFrameQueueBytes + kFrameBytes];
  };
  const SharedMemory<Frames> frames;
  const SharedMemory<Shared> shared;
  const absl::Status status =
      RunProcesses({{Place::kReceiver,
                     [&](StartLine& start) {
                       start.Wait();
                       for (uint64_t seen = 0;;) {
                         while (shared->sent.load(std::memory_order_acquire) == seen) {
                         }
                         shared->seen.store(++seen, std::memory_order_release);
                         if (shared->last.load() == seen) return absl::OkStatus();
                       }
                     }},
                    {Place::kSender, [&](StartLine& start) -> absl::Status {
                       const std::string source(size, 'x');
                       start.Wait();
                       return SendFrames(*shared, time, [&](uint64_t sequence) {
                         char* const frame =
                             frames->bytes + sequence * (size + 16) % kFrameQueueBytes;
                         if (filling == Filling::kCopied) {
                           std::memcpy(frame, source.data(), size);
                         } else {
                           TouchPages(frame, size);
                         }
                         shared->sent.store(sequence + 1, std::memory_order_release);
                         return absl::OkStatus();
                       });
                     }}});
  if (!status.ok()) return status;
  return shared->log.Compute();
}

}  // namespace ipmpsc::benchmarks
