// Measures messages per second from several sending processes to one receiver.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_THROUGHPUT_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_THROUGHPUT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/content.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

struct ThroughputWork {
  int senders = 1;
  size_t size = 64;
  size_t queue_bytes = size_t{1} << 20;
  size_t batch = 1;  // messages of one `SendBatch`; 1 uses `Send`
  // Makes and reads the messages one by one, each of `size` bytes. Null means numbered bytes.
  Content* content = nullptr;
  absl::Duration time = absl::Milliseconds(300);
  int64_t warm_up_messages = 0;  // are received before counting begins, in 50 ms at least
};

struct Throughput {
  double per_second;
  double least_share;     // of the least served sender; 1 is its fair share
  double processor_time;  // nanoseconds per message, all processes together
};

// Errors: those of the transport; kDataLoss - a message was lost, torn or out of order.
absl::StatusOr<Throughput> MeasureThroughput(const TransportKind& kind, const ThroughputWork& work);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_THROUGHPUT_H_
