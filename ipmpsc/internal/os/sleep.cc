#include "ipmpsc/internal/os/sleep.h"

#include <atomic>

#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"

namespace ipmpsc::internal {

void SleepUntil(MonotonicNanos deadline) {
  // Waits on a futex that nobody wakes: if a filter of system calls refuses one way of sleeping,
  // `FutexWait` takes the other. A refused `nanosleep` alone would turn each loop around it into
  // one that uses a whole processor.
  std::atomic<uint32_t> word{0};
  while (MonotonicNow() < deadline) FutexWait(&word, 0, deadline);
}

}  // namespace ipmpsc::internal
