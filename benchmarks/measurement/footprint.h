// Measures the costs of a channel other than those of messages.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_FOOTPRINT_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_FOOTPRINT_H_

#include "absl/status/statusor.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// Returns the nanoseconds to attach a sender to an existing channel with a receiver, as the median
// of a few attempts. One-time work of a process (such as the connection to a daemon) counts only if
// every attach repeats it.
absl::StatusOr<double> MeasureAttach(const TransportKind& kind);

// Returns the growth in bytes of a process's memory (proportional set size) when it creates a
// channel with a queue of 1 MiB, attaches a sender and a receiver and sends one message. Memory of
// the kernel (sockets, pipes) or of a daemon is not included.
absl::StatusOr<double> MeasureMemory(const TransportKind& kind);

// Returns the nanoseconds of processor time that a receiver uses in one second of sleeping wait,
// after waits that warmed it up.
absl::StatusOr<double> MeasureIdle(const TransportKind& kind);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_FOOTPRINT_H_
