// PollBase: the part that is common to the WordWaiters that sleep in poll.
#ifndef IPMPSC_INTERNAL_OS_POLL_BASE_H_
#define IPMPSC_INTERNAL_OS_POLL_BASE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/os/word_waiter.h"

namespace ipmpsc::internal {

class PollBase : public WordWaiter {
 public:
  void WatchFd(int fd) override;
  absl::StatusOr<int> Fd() override;
  void Signal() override;

 protected:
  // Makes the event descriptor. Returns 0 or an errno.
  int OpenEvent();
  bool has_fd() const { return outer_.valid(); }
  // Sleeps until the event or the watched descriptor is readable, at most `timeout` nanoseconds,
  // and clears the event. Returns whether one of them was.
  bool Poll(int64_t timeout);
  void ClearEvent();
  // Makes the outer descriptor readable at `time` (nanoseconds of the monotonic clock).
  void SetTimer(MonotonicNanos time);
  // Appends the token of the watched descriptor if it is readable.
  void CollectFd(std::vector<Token>* fired);

 private:
  UniqueFd event_;
  UniqueFd timer_;
  UniqueFd outer_;  // an epoll instance with all three
  int watched_ = -1;
  bool fd_active_ = false;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_POLL_BASE_H_
