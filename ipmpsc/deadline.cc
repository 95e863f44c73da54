#include "ipmpsc/deadline.h"

#include "absl/time/time.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc {

Deadline::Deadline(absl::Duration timeout) : nanoseconds_(kNever) {
  // Saturates at both ends.
  const int64_t wait = absl::ToInt64Nanoseconds(timeout);
  if (wait <= 0) {
    nanoseconds_ = 0;  // long ago; needs no clock
    return;
  }
  const internal::MonotonicNanos now = internal::MonotonicNow();
  if (wait < kNever - now) nanoseconds_ = now + wait;
}

bool Deadline::Passed() const { return !is_never() && internal::MonotonicNow() >= nanoseconds_; }

}  // namespace ipmpsc
