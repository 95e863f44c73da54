// The machine's limits: no transport can be faster.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_LIMITS_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_LIMITS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"

namespace ipmpsc::benchmarks {

// Half the time that one word takes to another process and back, both spinning on a cache line.
absl::StatusOr<Quantiles> MeasureCacheLine(absl::Duration time);

// From before FUTEX_WAKE to after the FUTEX_WAIT of a process that slept.
absl::StatusOr<Quantiles> MeasureFutexWake(absl::Duration time);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_LIMITS_H_
