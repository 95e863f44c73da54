// futex.h for a system without futexes: looks at the word again and again, with pauses that grow.
//
// Needs `nanosleep` and the monotonic clock, and nothing of Linux. Wakes do nothing, as nobody could
// be told of them: who sleeps notices that the word has changed at its next look.
#include <time.h>

#include <algorithm>

#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"

namespace ipmpsc::internal {
namespace {

// Nanoseconds. As each pause is twice the one before, nobody is late by much more than what has been
// slept already, nor by more than the longest. With 1 ms for that, who slept long took 5% of a
// processor.
constexpr int64_t kShortestPause = 50'000;
constexpr int64_t kLongestPause = 4'000'000;

}  // namespace

bool FutexWakes() { return false; }

void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, int64_t deadline) {
  int64_t pause = kShortestPause;
  // Relaxed: the caller looks again at what it waits for, in its own order.
  while (word->load(std::memory_order_relaxed) == expected) {
    const int64_t left = deadline - MonotonicNow();
    if (left <= 0) return;
    // Less than a second. A signal only brings the next look sooner.
    const timespec time = {0, static_cast<long>(std::min(pause, left))};
    nanosleep(&time, nullptr);
    pause = std::min(2 * pause, kLongestPause);
  }
}

void FutexWakeOne(std::atomic<uint32_t>*) {}
void FutexWakeAll(std::atomic<uint32_t>*) {}

}  // namespace ipmpsc::internal
