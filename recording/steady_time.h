// The time of the clock that nobody sets.
#ifndef IPMPSC_RECORDING_STEADY_TIME_H_
#define IPMPSC_RECORDING_STEADY_TIME_H_

#include <chrono>

#include "absl/time/time.h"

namespace ipmpsc::recording {

// Returns the time since some moment before this process began.
inline absl::Duration SteadyTime() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_STEADY_TIME_H_
