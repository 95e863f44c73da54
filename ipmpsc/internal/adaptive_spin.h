// AdaptiveSpin: looks for something again and again for a short while, before its caller goes to
// sleep.
//
// The while is doubled when it was worth it and halved when it was not, so that who usually waits
// long gives the processor to others at once, and who usually waits a moment is not put to sleep
// for it.
#ifndef IPMPSC_INTERNAL_ADAPTIVE_SPIN_H_
#define IPMPSC_INTERNAL_ADAPTIVE_SPIN_H_

#include <algorithm>
#include <cstdint>

#include "ipmpsc/internal/os/monotonic_clock.h"

namespace ipmpsc::internal {

// Tells the processor that this is a loop which waits for another one.
inline void SpinPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class AdaptiveSpin {
 public:
  // Returns whether `done()` came true; gives up at `deadline` (nanoseconds of the monotonic clock)
  // too.
  template <typename Done>
  bool Until(Done done, int64_t deadline) {
    const int64_t end = std::min(MonotonicNow() + limit_, deadline);
    do {
      // Some looks for one at the clock, which costs about as much.
      for (int i = 0; i < kLooksPerClock; ++i) {
        if (done()) {
          limit_ = std::min(2 * limit_, kLongest);
          return true;
        }
        SpinPause();
      }
    } while (MonotonicNow() < end);
    limit_ = std::max(limit_ / 2, kShortest);
    return false;
  }

 private:
  static constexpr int kLooksPerClock = 16;
  // Nanoseconds. A futex round trip takes about the longest.
  static constexpr int64_t kShortest = 1'000;
  static constexpr int64_t kLongest = 50'000;

  int64_t limit_ = 20'000;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ADAPTIVE_SPIN_H_
