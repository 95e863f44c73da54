// Measures the time of one message from the call that sends it to the handler that receives it.
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

// Measures half the round trip of a message over two transports. Both processes spin.
//
// Errors: those of the transport.
absl::StatusOr<Quantiles> MeasureSpinningLatency(const TransportKind& kind,
                                                 const LatencyWork& work);

// Measures the time to a receiver that sleeps in the kernel when the message is sent, by the clock
// that both processes share.
//
// Errors: those of the transport.
absl::StatusOr<Quantiles> MeasureSleepingLatency(const TransportKind& kind,
                                                 const LatencyWork& work);

// The wait of `MeasureSleepingLatency` before each message, in nanoseconds. It is long enough for
// every receiver to fall asleep, even if it spins first.
inline constexpr int64_t kTimeToFallAsleep = 300'000;

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_LATENCY_H_
