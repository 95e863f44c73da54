// Measures limits of the machine. No transport can be faster.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_LIMITS_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_LIMITS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"

namespace ipmpsc::benchmarks {

// Measures half the round trip of one word between two processes that spin on a cache line.
absl::StatusOr<Quantiles> MeasureCacheLine(absl::Duration time);

// Measures from before FUTEX_WAKE to after the FUTEX_WAIT of a sleeping process.
absl::StatusOr<Quantiles> MeasureFutexWake(absl::Duration time);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_LIMITS_H_
