// Sleeping for a time, when nobody is there who could wake the sleeper.
#ifndef IPMPSC_INTERNAL_OS_SLEEP_H_
#define IPMPSC_INTERNAL_OS_SLEEP_H_

#include <cstdint>

#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {

// Sleeps until `deadline` (nanoseconds of CLOCK_MONOTONIC). Signals do not end the sleep. Usable in
// signal handlers.
void SleepUntil(MonotonicNanos deadline);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_SLEEP_H_
