// Bounds the waits and the duration of the operations in a fuzz target.
#ifndef TESTS_FUZZ_WAITING_H_
#define TESTS_FUZZ_WAITING_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/require.h"
#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {

// Returns timeouts: few that are not 0, and none that is long, so that an input ends soon.
class WaitBudget {
 public:
  // Allows at most `waits` waits, each of at most `longest`.
  WaitBudget(int waits, absl::Duration longest) : waits_(waits), longest_(longest) {}

  absl::Duration Take(Input* input) {
    constexpr int64_t kMicroseconds[] = {0, 20, 200, 2000, 0, 0, 0, 50};
    const int64_t timeout = kMicroseconds[input->Pick(8)];
    if (timeout == 0 || waits_ == 0) return absl::ZeroDuration();
    --waits_;
    return std::min(absl::Microseconds(timeout), longest_);
  }

 private:
  int waits_;  // remaining
  const absl::Duration longest_;
};

// Aborts if its scope takes much longer than `timeout`: an operation that continues after its
// deadline hangs. Beyond the deadline an operation may check every slot once and step over every
// record in the ring, which takes some microseconds here. The rest allows for a busy machine.
class BoundedWait {
 public:
  explicit BoundedWait(absl::Duration timeout)
      : latest_(internal::MonotonicNow() + absl::ToInt64Nanoseconds(timeout + kPatience)) {}
  BoundedWait(const BoundedWait&) = delete;
  BoundedWait& operator=(const BoundedWait&) = delete;
  ~BoundedWait() {
    internal::Require(internal::MonotonicNow() <= latest_, "no operation outlasts its deadline");
  }

 private:
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  const int64_t latest_;
};

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_WAITING_H_
