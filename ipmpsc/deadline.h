// Deadline: a point in time on the monotonic clock, until which a call may wait.
//
//   sender.Send(bytes, absl::Milliseconds(5));            // from now
//   ipmpsc::Deadline deadline = absl::Seconds(1);         // one for several calls
//   while (receiver.Receive(deadline).ok()) { ... }
//
// A duration becomes a deadline when it is converted, so setting the system's clock neither
// shortens nor lengthens a wait. Durations beyond the range of 64-bit nanoseconds (292 years) mean
// no deadline, as infinite ones do. Zero and negative durations mean "do not wait".
#ifndef IPMPSC_DEADLINE_H_
#define IPMPSC_DEADLINE_H_

#include "ipmpsc/platform.h"  // IWYU pragma: keep

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace ipmpsc {

// The end of a wait: a point in time, or never.
class Deadline {
 public:
  // Implicit, so that a timeout can be passed as a deadline.
  Deadline(absl::Duration timeout);  // NOLINT(google-explicit-constructor)

  // Waits as long as it takes.
  static Deadline Never() { return Deadline(kNever, FromNanoseconds{}); }

  // Nanoseconds of CLOCK_MONOTONIC, or `kNever` if there is no deadline.
  int64_t nanoseconds() const { return nanoseconds_; }
  // Whether there is no deadline, and whether it has passed.
  bool is_never() const { return nanoseconds_ == kNever; }
  bool Passed() const;

  // The value of `nanoseconds()` without a deadline.
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

 private:
  struct FromNanoseconds {};
  constexpr Deadline(int64_t nanoseconds, FromNanoseconds) : nanoseconds_(nanoseconds) {}

  int64_t nanoseconds_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_DEADLINE_H_
