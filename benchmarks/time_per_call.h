// TimePerCall: measures the time of work in a single process.
#ifndef IPMPSC_BENCHMARKS_TIME_PER_CALL_H_
#define IPMPSC_BENCHMARKS_TIME_PER_CALL_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/measurement/processes.h"
#include "benchmarks/row.h"

namespace ipmpsc::benchmarks {

// Calls `work` for a while. Returns nanoseconds per call.
//
// Errors: kInternal - `work` returned false: the message was wrong.
inline absl::StatusOr<Figures> TimePerCall(const std::function<bool()>& work) {
  constexpr int64_t kTime = 100'000'000;  // nanoseconds
  // The number of calls between reads of the clock. It is small enough for slow calls.
  int64_t calls_per_look = 1;
  int64_t calls = 0;
  if (!work()) return absl::InternalError("the message has wrong content");
  const int64_t begin = Now();
  int64_t now = begin;
  while (now - begin < kTime) {
    for (int64_t i = 0; i < calls_per_look; ++i) {
      if (!work()) return absl::InternalError("the message has wrong content");
    }
    calls += calls_per_look;
    now = Now();
    if ((now - begin) * 100 < kTime) calls_per_look *= 2;
  }
  return Figures{{"time", static_cast<double>(now - begin) / static_cast<double>(calls)}};
}

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TIME_PER_CALL_H_
