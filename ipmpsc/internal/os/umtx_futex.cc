// futex.h for FreeBSD, by _umtx_op(2). Untested: no test builds it, and `.ci/porting` only compiles
// it. docs/porting.md says what else a port needs.
//
// The kernel knows a word by its place in the shared file, as long as the operation is not one of
// the _PRIVATE ones.
#include <errno.h>
#include <sys/types.h>
// Behind <sys/types.h>, which it needs.
#include <sys/umtx.h>
#include <time.h>

#include <algorithm>
#include <climits>
#include <cstdint>

#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"

namespace ipmpsc::internal {
namespace {

// Nanoseconds.
constexpr int64_t kSecond = 1'000'000'000;
constexpr long kPollInterval = 1'000'000;

}  // namespace

bool FutexWakes() { return true; }

void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, int64_t deadline) {
  _umtx_time time = {};
  time._timeout = {static_cast<time_t>(deadline / kSecond), static_cast<long>(deadline % kSecond)};
  time._flags = UMTX_ABSTIME;
  time._clockid = CLOCK_MONOTONIC;
  // Returns 0 also if the word has another value. The size of the time stands in place of a
  // pointer.
  if (_umtx_op(word, UMTX_OP_WAIT_UINT, expected, reinterpret_cast<void*>(sizeof(time)), &time) ==
          0 ||
      errno == ETIMEDOUT || errno == EINTR) {
    return;
  }
  // As in futex.cc: a caller that waits in a loop must not use a whole processor.
  const timespec pause = {0, kPollInterval};
  nanosleep(&pause, nullptr);
}

void FutexWaitUnless(std::atomic<uint32_t>* word, uint32_t expected, std::atomic<uint32_t>* flag,
                     int64_t deadline) {
  // The kernel waits for one word only. Relaxed: a hint. If it is missed, the next check finds it.
  if (flag->load(std::memory_order_relaxed) != 0) return;
  FutexWait(word, expected, std::min(deadline, MonotonicNow() + kFlagInterval));
}

void FutexWakeOne(std::atomic<uint32_t>* word) {
  _umtx_op(word, UMTX_OP_WAKE, 1, nullptr, nullptr);
}

void FutexWakeAll(std::atomic<uint32_t>* word) {
  _umtx_op(word, UMTX_OP_WAKE, INT_MAX, nullptr, nullptr);
}

}  // namespace ipmpsc::internal
