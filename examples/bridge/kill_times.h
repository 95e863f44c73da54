// KillTimes: when the demo kills a bridge.
#ifndef IPMPSC_EXAMPLES_BRIDGE_KILL_TIMES_H_
#define IPMPSC_EXAMPLES_BRIDGE_KILL_TIMES_H_

#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/time/time.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::examples {

// The times are `pace` times 200 to 800 ms apart. The pauses double while the bridge gets nothing
// done: on a busy machine its start alone may take a second.
class KillTimes {
 public:
  explicit KillTimes(int pace) : pace_(pace) { SetNext(); }

  // Whether it is time to kill the bridge. `progress` is a count that grows while bridges work.
  bool Due(uint64_t progress) {
    if (!next_.Passed()) return false;
    factor_ = progress == progress_ ? std::min(2 * factor_, 16) : 1;
    progress_ = progress;
    SetNext();
    return true;
  }

 private:
  void SetNext() {
    std::uniform_int_distribution<int> pause(200, 800);
    next_ = pace_ * factor_ * absl::Milliseconds(pause(random_));
  }

  const int pace_;
  std::mt19937 random_{std::random_device{}()};
  int factor_ = 1;
  uint64_t progress_ = 0;
  Deadline next_ = absl::ZeroDuration();
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_BRIDGE_KILL_TIMES_H_
