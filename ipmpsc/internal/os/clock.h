// The clocks: nanoseconds of CLOCK_MONOTONIC, which no one sets and which all processes of a machine
// share, and of the wall clock.
#ifndef IPMPSC_INTERNAL_OS_CLOCK_H_
#define IPMPSC_INTERNAL_OS_CLOCK_H_

#include <cstdint>

namespace ipmpsc::internal {

int64_t MonotonicNow();

// The same as of the kernel's last tick, a few milliseconds ago at most: five times as fast.
int64_t MonotonicTick();

// Nanoseconds since 1970, for people to read; never to measure a wait by. Reads the kernel's clock
// each time: Abseil's follows the time stamp counter, which takes twice as long where the kernel does
// so itself, and runs in a loop while a process is stepped through.
int64_t WallClockNow();

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_CLOCK_H_
