#include "ipmpsc/internal/os/monotonic_clock.h"

#include <time.h>

namespace ipmpsc::internal {

int64_t MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace ipmpsc::internal
