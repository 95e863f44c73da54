// How long the operations of a fuzz target may wait, and how long they may take.
#ifndef TESTS_FUZZ_WAITING_H_
#define TESTS_FUZZ_WAITING_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/require.h"
#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {

// Hands out timeouts, only a few that are not 0 and none that is long, so that one input does not take
// long.
class WaitBudget {
 public:
  // At most so many, each at most so long.
  WaitBudget(int waits, absl::Duration longest) : waits_(waits), longest_(longest) {}

  absl::Duration Take(Input* input) {
    constexpr int64_t kMicroseconds[] = {0, 20, 200, 2000, 0, 0, 0, 50};
    const int64_t timeout = kMicroseconds[input->Pick(8)];
    if (timeout == 0 || waits_ == 0) return absl::ZeroDuration();
    --waits_;
    return std::min(absl::Microseconds(timeout), longest_);
  }

 private:
  int waits_;  // left
  const absl::Duration longest_;
};

// Aborts where the scope that it stands in takes much longer than `timeout`: an operation that goes
// on after its deadline hangs. Beyond the deadline it may take one look at every slot and a step
// over every record in the ring: some microseconds here. The rest is for a busy machine.
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
