// Measures calls of a server in another process, from before the request is written until the reply
// has been read.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_SERVICE_CALLS_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_SERVICE_CALLS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"
#include "benchmarks/services/service.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

struct CallWork {
  absl::Duration time = absl::Milliseconds(300);
  Waiting waiting = Waiting::kSpin;
  size_t request_bytes = 64;  // at least 24, as `reply_bytes`
  size_t reply_bytes = 64;
};

// Measures calls with one reply. With `Waiting::kSleep` the server has fallen asleep before each.
//
// Errors: those of the service; kDataLoss - a reply is missing, torn, or one to another call.
absl::StatusOr<Quantiles> MeasureCalls(const ServiceKind& kind, const CallWork& work);

// Measures the replies per second of streams, which follow each other and have `kRepliesOfStream`
// replies each.
//
// Errors: as above.
absl::StatusOr<double> MeasureStream(const ServiceKind& kind, const CallWork& work);

inline constexpr int64_t kRepliesOfStream = 10'000;

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_SERVICE_CALLS_H_
