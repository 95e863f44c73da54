#include "ipmpsc/internal/os/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace ipmpsc::internal {
namespace {

// The kernel looks at the 32 bits only.
uint32_t* Address(std::atomic<uint32_t>* word) {
  static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
  return reinterpret_cast<uint32_t*>(word);
}

}  // namespace

void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, int64_t deadline) {
  constexpr int64_t kSecond = 1'000'000'000;
  const timespec time = {static_cast<time_t>(deadline / kSecond),
                         static_cast<long>(deadline % kSecond)};
  // The bitset form takes an absolute time, of the monotonic clock unless told otherwise. Every way
  // to return (woken, timed out, interrupted, the word has changed) means the same to the caller.
  syscall(SYS_futex, Address(word), FUTEX_WAIT_BITSET, expected, &time, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void FutexWakeOne(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, Address(word), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void FutexWakeAll(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, Address(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace ipmpsc::internal
