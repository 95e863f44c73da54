// Clocks, in nanoseconds: CLOCK_MONOTONIC, which cannot be set and which all processes of a machine
// share, and the wall clock.
#ifndef IPMPSC_INTERNAL_OS_CLOCK_H_
#define IPMPSC_INTERNAL_OS_CLOCK_H_

#include <cstdint>

namespace ipmpsc::internal {

// A point in time on CLOCK_MONOTONIC.
using MonotonicNanos = int64_t;

MonotonicNanos MonotonicNow();

// The same at the kernel's last tick, at most a few milliseconds ago. Five times as fast.
MonotonicNanos MonotonicTick();

// Nanoseconds since 1970. For diagnostics and messages only, not for measuring waits. Reads the
// kernel's clock each time: Abseil's follows the time stamp counter, which takes twice as long
// where the kernel uses it too, and loops while a process is single-stepped.
int64_t WallClockNow();

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_CLOCK_H_
