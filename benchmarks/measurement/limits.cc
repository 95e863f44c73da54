#include "benchmarks/measurement/limits.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "benchmarks/measurement/latency.h"
#include "benchmarks/measurement/processes.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr uint32_t kEnd = ~uint32_t{0};
constexpr int kWarmUps = 200;

struct Words {
  alignas(128) std::atomic<uint32_t> there{0};
  alignas(128) std::atomic<uint32_t> back{0};
  alignas(128) std::atomic<int64_t> sent_at{0};
  TimeLog log;
};

long Futex(std::atomic<uint32_t>* word, int operation, uint32_t value) {
  return syscall(SYS_futex, word, operation, value, nullptr, nullptr, 0);
}

}  // namespace

absl::StatusOr<Quantiles> MeasureCacheLine(absl::Duration time) {
  const SharedMemory<Words> words;
  const absl::Status status =
      RunProcesses({{Place::kSender,
                     [&](StartLine& start) {
                       start.Wait();
                       const int64_t end = Now() + absl::ToInt64Nanoseconds(time);
                       int64_t begin = Now();
                       for (uint32_t i = 1; begin < end && !words->log.full(); ++i) {
                         words->there.store(i, std::memory_order_release);
                         while (words->back.load(std::memory_order_acquire) != i) {
                         }
                         const int64_t now = Now();
                         if (i > kWarmUps) words->log.Add((now - begin) / 2);
                         begin = now;
                       }
                       words->there.store(kEnd);
                       return absl::OkStatus();
                     }},
                    {Place::kReceiver, [&](StartLine& start) {
                       start.Wait();
                       uint32_t seen = 0;
                       while (seen != kEnd) {
                         const uint32_t now = words->there.load(std::memory_order_acquire);
                         if (now == seen) continue;
                         seen = now;
                         words->back.store(seen, std::memory_order_release);
                       }
                       return absl::OkStatus();
                     }}});
  if (!status.ok()) return status;
  // As where other programs had the processors for all of the time.
  if (words->log.count() == 0) return absl::InternalError("nothing was measured");
  return words->log.Compute();
}

absl::StatusOr<Quantiles> MeasureFutexWake(absl::Duration time) {
  const SharedMemory<Words> words;
  const absl::Status status = RunProcesses({{Place::kReceiver,
                                             [&](StartLine& start) {
                                               start.Wait();
                                               uint32_t seen = 0;
                                               for (;;) {
                                                 while (words->there.load() == seen)
                                                   Futex(&words->there, FUTEX_WAIT, seen);
                                                 const int64_t now = Now();
                                                 seen = words->there.load();
                                                 if (seen == kEnd) return absl::OkStatus();
                                                 if (seen > 10)
                                                   words->log.Add(now - words->sent_at.load());
                                               }
                                             }},
                                            {Place::kSender, [&](StartLine& start) {
                                               start.Wait();
                                               const int64_t stop =
                                                   Now() + absl::ToInt64Nanoseconds(time);
                                               uint32_t i = 0;
                                               for (int64_t now = Now(); now < stop;) {
                                                 const int64_t next = now + kTimeToFallAsleep;
                                                 while ((now = Now()) < next) {
                                                 }
                                                 words->sent_at.store(Now());
                                                 words->there.store(++i);
                                                 Futex(&words->there, FUTEX_WAKE, 1);
                                               }
                                               words->there.store(kEnd);
                                               Futex(&words->there, FUTEX_WAKE, 1);
                                               return absl::OkStatus();
                                             }}});
  if (!status.ok()) return status;
  if (words->log.count() == 0) return absl::InternalError("nothing was measured");
  return words->log.Compute();
}

}  // namespace ipmpsc::benchmarks
