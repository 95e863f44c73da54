#include "benchmarks/measurement/footprint.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/channel_name.h"
#include "benchmarks/measurement/payload.h"
#include "benchmarks/measurement/processes.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr size_t kSize = 64;
constexpr size_t kQueueBytes = size_t{1} << 20;
constexpr int kAttaches = 15;

TransportSpec Spec(int senders) {
  return {ChannelName(), kSize, kQueueBytes, senders, Waiting::kSleep};
}

struct Shared {
  std::atomic<double> value{0};
  std::atomic<bool> done{false};
};

absl::StatusOr<double> MemoryNow() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string key; rollup >> key;) {
    int64_t kilobytes = 0;
    if (key == "Pss:" && rollup >> kilobytes) return static_cast<double>(kilobytes) * 1024;
  }
  return absl::UnavailableError("/proc/self/smaps_rollup has no Pss");
}

// Sends one message from a new process, so that a waiting receiver continues.
absl::Status SendOne(Transport& transport) {
  auto sender = transport.AttachSender();
  if (!sender.ok()) return sender.status();
  std::string message(kSize, 'x');
  WritePayload(&message[0], kSize, 0, 0);
  return (*sender)->Send(message);
}

// Runs a receiver until `shared.done` is set. A sender's last message follows it.
absl::Status ReceiveUntilDone(Transport& transport, StartLine& start, const Shared& shared) {
  auto receiver = transport.AttachReceiver();
  if (!receiver.ok()) return receiver.status();
  start.Wait();
  while (!shared.done.load()) {
    absl::Status got = (*receiver)->Receive([](absl::string_view) {});
    if (!got.ok()) return got;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<double> MeasureAttach(const TransportKind& kind) {
  auto transport = kind.create(Spec(kAttaches + 1));
  if (!transport.ok()) return transport.status();
  const SharedMemory<Shared> shared;
  const absl::Status status = RunProcesses(
      {{Place::kReceiver,
        [&](StartLine& start) { return ReceiveUntilDone(**transport, start, *shared); }},
       {Place::kSender, [&](StartLine& start) -> absl::Status {
          start.Wait();
          std::vector<int64_t> times;
          std::vector<std::unique_ptr<SenderEnd>> senders;
          for (int i = 0; i < kAttaches; ++i) {
            const int64_t begin = Now();
            auto sender = (*transport)->AttachSender();
            if (!sender.ok()) return sender.status();
            times.push_back(Now() - begin);
            senders.push_back(*std::move(sender));
          }
          std::sort(times.begin(), times.end());
          shared->value.store(static_cast<double>(times[times.size() / 2]));
          shared->done.store(true);
          std::string message(kSize, 'x');
          WritePayload(&message[0], kSize, 0, 0);
          return senders[0]->Send(message);
        }}});
  if (!status.ok()) return status;
  return shared->value.load();
}

absl::StatusOr<double> MeasureMemory(const TransportKind& kind) {
  const SharedMemory<Shared> shared;
  const absl::Status status = RunProcesses({{Place::kReceiver, [&](StartLine&) -> absl::Status {
                                               const absl::StatusOr<double> before = MemoryNow();
                                               if (!before.ok()) return before.status();
                                               auto transport = kind.create(Spec(1));
                                               if (!transport.ok()) return transport.status();
                                               auto receiver = (*transport)->AttachReceiver();
                                               if (!receiver.ok()) return receiver.status();
                                               absl::Status sent = SendOne(**transport);
                                               if (!sent.ok()) return sent;
                                               const absl::StatusOr<double> after = MemoryNow();
                                               if (!after.ok()) return after.status();
                                               shared->value.store(*after - *before);
                                               return absl::OkStatus();
                                             }}});
  if (!status.ok()) return status;
  return shared->value.load();
}

// Waits before the measured one. The first one touches memory for the first time, and by the last
// an end that spins before it sleeps knows that it waits long.
constexpr int kWaitsBefore = 6;

absl::StatusOr<double> MeasureIdle(const TransportKind& kind) {
  auto transport = kind.create(Spec(1));
  if (!transport.ok()) return transport.status();
  const SharedMemory<Shared> shared;
  const absl::Status status =
      RunProcesses({{Place::kReceiver,
                     [&](StartLine& start) -> absl::Status {
                       auto receiver = (*transport)->AttachReceiver();
                       if (!receiver.ok()) return receiver.status();
                       start.Wait();
                       absl::Status got;
                       for (int i = 0; i < kWaitsBefore && got.ok(); ++i) {
                         got = (*receiver)->Receive([](absl::string_view) {});
                       }
                       if (!got.ok()) return got;
                       const int64_t before = ProcessorTime();
                       got = (*receiver)->Receive([](absl::string_view) {});
                       shared->value.store(static_cast<double>(ProcessorTime() - before));
                       return got;
                     }},
                    {Place::kSender, [&](StartLine& start) -> absl::Status {
                       auto sender = (*transport)->AttachSender();
                       if (!sender.ok()) return sender.status();
                       start.Wait();
                       std::string message(kSize, 'x');
                       for (int i = 0; i < kWaitsBefore; ++i) {
                         absl::SleepFor(absl::Milliseconds(50));
                         WritePayload(&message[0], kSize, 0, static_cast<uint64_t>(i));
                         absl::Status sent = (*sender)->Send(message);
                         if (!sent.ok()) return sent;
                       }
                       absl::SleepFor(absl::Seconds(1));
                       WritePayload(&message[0], kSize, 0, kWaitsBefore);
                       return (*sender)->Send(message);
                     }}});
  if (!status.ok()) return status;
  return shared->value.load();
}

}  // namespace ipmpsc::benchmarks
