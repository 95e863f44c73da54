// AdaptiveSpin: checks a condition repeatedly for a short time, before its caller goes to sleep.
//
// The time doubles if the condition soon comes true, in the spin or in the sleep after it, and
// halves if not. So a caller that usually waits long gives up the processor at once, and one that
// usually waits briefly does not go to sleep. Sleeps that end soon show that the time has become
// too short.
#ifndef IPMPSC_INTERNAL_ENDPOINT_ADAPTIVE_SPIN_H_
#define IPMPSC_INTERNAL_ENDPOINT_ADAPTIVE_SPIN_H_

#include <algorithm>
#include <cstdint>

#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/ring/spin_pause.h"

namespace ipmpsc::internal {

class AdaptiveSpin {
 public:
  // Returns whether `done()` came true. Also gives up at `deadline` (nanoseconds of the monotonic
  // clock). If it returns false, call `Slept` after the sleep.
  template <typename Done>
  bool Until(Done done, MonotonicNanos deadline) {
    begin_ = MonotonicNow();
    const MonotonicNanos end = std::min(begin_ + limit_, deadline);
    do {
      // Several checks for each look at the clock, which costs about as much.
      for (int i = 0; i < kLooksPerClock; ++i) {
        if (done()) {
          limit_ = std::min(2 * limit_, kLongest);
          return true;
        }
        SpinPause();
      }
    } while (MonotonicNow() < end);
    return false;
  }

  // `came`: the condition is true. A sleep that ends soon mostly took the time of a wake-up, which
  // is about the longest spin.
  void Slept(bool came) {
    const bool soon = came && MonotonicNow() - begin_ <= 2 * kLongest;
    limit_ = soon ? std::min(2 * limit_, kLongest) : std::max(limit_ / 2, kShortest);
  }

  int64_t limit() const { return limit_; }

  // Nanoseconds. A futex round trip takes about the longest.
  static constexpr int64_t kShortest = 1'000;
  static constexpr int64_t kLongest = 50'000;

 private:
  static constexpr int kLooksPerClock = 16;

  int64_t limit_ = 20'000;
  MonotonicNanos begin_ = 0;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_ADAPTIVE_SPIN_H_
