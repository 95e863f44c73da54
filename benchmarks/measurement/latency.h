// How long one message takes from the call that sends it to the handler that receives it.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_LATENCY_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_LATENCY_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

struct LatencyWork {
  size_t size = 64;  // bytes
  absl::Duration time = absl::Milliseconds(300);
};

// Both processes spin: half the time of a message there and one back, over two transports.
//
// Errors: what the transport returns.
absl::StatusOr<Quantiles> MeasureSpinningLatency(const TransportKind& kind,
                                                 const LatencyWork& work);

// The receiver sleeps in the kernel when the message is sent: by the clock that both share.
//
// Errors: what the transport returns.
absl::StatusOr<Quantiles> MeasureSleepingLatency(const TransportKind& kind,
                                                 const LatencyWork& work);

// How long the sender of `MeasureSleepingLatency` waits before each message, in nanoseconds: long
// enough for every receiver to fall asleep, those that spin for a while before included.
inline constexpr int64_t kTimeToFallAsleep = 300'000;

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_LATENCY_H_
