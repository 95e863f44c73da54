// Deadline: a point in time until which a call may wait, on the monotonic clock.
//
//   sender.Send(bytes, absl::Milliseconds(5));            // from now
//   ipmpsc::Deadline deadline = absl::Seconds(1);         // one for several calls
//   while (receiver.Receive(deadline).ok()) { ... }
//
// A duration turns into a deadline when it is converted, so setting the system's clock neither
// shortens nor lengthens a wait. Durations beyond what 64-bit nanoseconds hold (292 years),
// infinite ones included, mean no deadline; zero and negative ones mean "do not wait".
#ifndef IPMPSC_DEADLINE_H_
#define IPMPSC_DEADLINE_H_

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace ipmpsc {

class Deadline {
 public:
  // Implicit: a timeout reads naturally where a deadline is asked for.
  Deadline(absl::Duration timeout);  // NOLINT(google-explicit-constructor)

  static Deadline Never() { return Deadline(kNever, FromNanoseconds{}); }

  // Nanoseconds of CLOCK_MONOTONIC; `kNever` where there is no deadline.
  int64_t nanoseconds() const { return nanoseconds_; }
  bool is_never() const { return nanoseconds_ == kNever; }
  bool Passed() const;

  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

 private:
  struct FromNanoseconds {};
  constexpr Deadline(int64_t nanoseconds, FromNanoseconds) : nanoseconds_(nanoseconds) {}

  int64_t nanoseconds_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_DEADLINE_H_
