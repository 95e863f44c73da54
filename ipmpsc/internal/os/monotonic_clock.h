// Nanoseconds of CLOCK_MONOTONIC, which no one sets and which all processes of a machine share.
#ifndef IPMPSC_INTERNAL_OS_MONOTONIC_CLOCK_H_
#define IPMPSC_INTERNAL_OS_MONOTONIC_CLOCK_H_

#include <cstdint>

namespace ipmpsc::internal {

int64_t MonotonicNow();

// The same as of the kernel's last tick, a few milliseconds ago at most: five times as fast.
int64_t MonotonicTick();

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_MONOTONIC_CLOCK_H_
