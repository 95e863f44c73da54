#include "ipmpsc/internal/os/clock.h"

#include <time.h>

namespace ipmpsc::internal {

namespace {

int64_t Nanoseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

MonotonicNanos MonotonicNow() { return Nanoseconds(CLOCK_MONOTONIC); }

MonotonicNanos MonotonicTick() {
#ifdef CLOCK_MONOTONIC_COARSE
  return Nanoseconds(CLOCK_MONOTONIC_COARSE);
#else
  return MonotonicNow();
#endif
}

int64_t WallClockNow() { return Nanoseconds(CLOCK_REALTIME); }

}  // namespace ipmpsc::internal
