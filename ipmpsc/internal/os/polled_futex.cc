// futex.h for a system without futexes: polls the word, with growing pauses.
//
// Needs `nanosleep` and the monotonic clock, and nothing of Linux. Wakes do nothing: a sleeper
// notices at its next check that the word has changed.
#include <time.h>

#include <algorithm>

#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"

namespace ipmpsc::internal {
namespace {

// Nanoseconds. Each pause is twice the one before. So a sleeper is late at most by about the time
// that it has slept already, and by the longest pause. With 1 ms as the longest, long sleeps took
// 5% of a processor.
constexpr int64_t kShortestPause = 50'000;
constexpr int64_t kLongestPause = 4'000'000;

}  // namespace

bool FutexWakes() { return false; }

void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, MonotonicNanos deadline) {
  std::atomic<uint32_t> no_flag{0};
  FutexWaitUnless(word, expected, &no_flag, deadline);
}

void FutexWaitUnless(std::atomic<uint32_t>* word, uint32_t expected, std::atomic<uint32_t>* flag,
                     MonotonicNanos deadline) {
  int64_t pause = kShortestPause;
  // Relaxed, both: the caller checks its condition again, in its own order.
  while (word->load(std::memory_order_relaxed) == expected &&
         flag->load(std::memory_order_relaxed) == 0) {
    const int64_t left = deadline - MonotonicNow();
    if (left <= 0) return;
    // Less than a second. A signal only makes the next check come sooner.
    const timespec time = {0, static_cast<long>(std::min(pause, left))};
    nanosleep(&time, nullptr);
    pause = std::min(2 * pause, kLongestPause);
  }
}

void FutexWakeOne(std::atomic<uint32_t>*) {}
void FutexWakeAll(std::atomic<uint32_t>*) {}

}  // namespace ipmpsc::internal
