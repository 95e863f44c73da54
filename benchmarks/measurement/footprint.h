// The costs of a channel beside its messages.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_FOOTPRINT_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_FOOTPRINT_H_

#include "absl/status/statusor.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// Nanoseconds to attach a sender to a channel that exists and has a receiver; the median of a few.
// Includes what a process does once (connecting to a daemon, say) only where that comes every time.
absl::StatusOr<double> MeasureAttach(const TransportKind& kind);

// Bytes by which the memory of a process grows (proportional set size) when it creates a channel
// with a queue of 1 MiB, attaches both ends and sends one message. What the kernel keeps for it
// (sockets, pipes) and what a daemon keeps is not seen.
absl::StatusOr<double> MeasureMemory(const TransportKind& kind);

// Nanoseconds of processor time that a receiver uses while it waits for one second, sleeping.
absl::StatusOr<double> MeasureIdle(const TransportKind& kind);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_FOOTPRINT_H_
