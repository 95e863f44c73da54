#include "ipmpsc/internal/os/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex_waitv.h"

namespace ipmpsc::internal {
namespace {

// Nanoseconds.
constexpr long kPollInterval = 1'000'000;

// The kernel reads only the 32 bits.
uint32_t* Address(std::atomic<uint32_t>* word) {
  static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
  return reinterpret_cast<uint32_t*>(word);
}

}  // namespace

bool FutexWakes() { return true; }

void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, MonotonicNanos deadline) {
  constexpr int64_t kSecond = 1'000'000'000;
  const timespec time = {static_cast<time_t>(deadline / kSecond),
                         static_cast<long>(deadline % kSecond)};
  // The bitset form takes an absolute time, by default of the monotonic clock. For the caller these
  // results are the same: woken, timed out, interrupted, or the word has changed.
  if (syscall(SYS_futex, Address(word), FUTEX_WAIT_BITSET, expected, &time, nullptr,
              FUTEX_BITSET_MATCH_ANY) == 0 ||
      errno == ETIMEDOUT || errno == EINTR || errno == EAGAIN) {
    return;
  }
  // The kernel refuses to wait (a filter of system calls, no memory). A caller that waits in a loop
  // then polls, and must not use a whole processor for it.
  const timespec pause = {0, kPollInterval};
  nanosleep(&pause, nullptr);
}

void FutexWaitUnless(std::atomic<uint32_t>* word, uint32_t expected, std::atomic<uint32_t>* flag,
                     MonotonicNanos deadline) {
  const FutexWaiter waiters[] = {{expected, reinterpret_cast<uintptr_t>(Address(word)), kFutexU32},
                                 {0, reinterpret_cast<uintptr_t>(Address(flag)), kFutexU32}};
  // For the caller these results are the same: woken, timed out, interrupted, or a word has
  // changed.
  if (FutexWaitv(waiters, 2, deadline) >= 0 || errno == ETIMEDOUT || errno == EINTR ||
      errno == EAGAIN) {
    return;
  }
  // Relaxed: a hint. If it is missed, the next check finds it.
  if (flag->load(std::memory_order_relaxed) != 0) return;
  FutexWait(word, expected, std::min(deadline, MonotonicNow() + kFlagInterval));
}

void FutexWakeOne(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, Address(word), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void FutexWakeAll(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, Address(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace ipmpsc::internal
