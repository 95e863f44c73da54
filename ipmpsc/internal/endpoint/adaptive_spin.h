// AdaptiveSpin: looks for something again and again for a short while, before its caller goes to
// sleep.
//
// The while is doubled when what was waited for came soon, in the spin or in the sleep after it, and
// halved when it did not: who usually waits long gives the processor to others at once, and who
// usually waits a moment is not put to sleep for it. A while that has become too short is noticed by
// sleeps that end soon.
#ifndef IPMPSC_INTERNAL_ADAPTIVE_SPIN_H_
#define IPMPSC_INTERNAL_ADAPTIVE_SPIN_H_

#include <algorithm>
#include <cstdint>

#include "ipmpsc/internal/os/clock.h"

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
  // too. After false, `Slept` follows when the sleep is over.
  template <typename Done>
  bool Until(Done done, int64_t deadline) {
    begin_ = MonotonicNow();
    const int64_t end = std::min(begin_ + limit_, deadline);
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
    return false;
  }

  // `came`: what was waited for is there. A sleep that ends soon took mostly what waking up takes,
  // which is about the longest spin.
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
  int64_t begin_ = 0;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ADAPTIVE_SPIN_H_
