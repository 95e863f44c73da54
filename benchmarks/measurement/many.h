// Measures the time of one message to a receiver that sleeps for many channels at once.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_MANY_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_MANY_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"
#include "benchmarks/transport.h"
#include "ipmpsc/wait_options.h"

namespace ipmpsc::benchmarks {

// Measures from before a send of 64 bytes to one of `channels` channels, each time another one, to
// after the receive by a `WaitSet` that sleeps for all. The first message of each channel does not
// count. Those that count take `time`, and there is at least one.
//
// Errors: kUnimplemented - the kernel does not have or allow the mechanism.
absl::StatusOr<Quantiles> MeasureWaitSet(size_t channels, WaitMechanism mechanism,
                                         absl::Duration time);

// The same for another system that has `receive_from_many`.
absl::StatusOr<Quantiles> MeasureMany(const TransportKind& kind, size_t channels,
                                      absl::Duration time);

// The same for Unix sockets of packets, and epoll.
absl::StatusOr<Quantiles> MeasureEpoll(size_t sockets, absl::Duration time);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_MANY_H_
