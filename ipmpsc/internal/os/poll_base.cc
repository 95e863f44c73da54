#include "ipmpsc/internal/os/poll_base.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/sleep.h"

namespace ipmpsc::internal {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kRefusedPause = 1'000'000;  // nanoseconds

bool AddTo(int epoll, int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST;
}

}  // namespace

int PollBase::OpenEvent() {
  event_ = AboveStdio(UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  return event_.valid() ? 0 : errno;
}

void PollBase::WatchFd(int fd) {
  watched_ = fd;
  fd_active_ = true;
  if (has_fd()) AddTo(outer_.get(), watched_);
}

absl::StatusOr<int> PollBase::Fd() {
  if (outer_.valid()) return outer_.get();
  UniqueFd timer =
      AboveStdio(UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)));
  UniqueFd outer = timer.valid() ? AboveStdio(UniqueFd(epoll_create1(EPOLL_CLOEXEC))) : UniqueFd();
  if (!outer.valid() || !AddTo(outer.get(), event_.get()) || !AddTo(outer.get(), timer.get()) ||
      (watched_ >= 0 && !AddTo(outer.get(), watched_))) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot make a descriptor for an outer loop: ", strerror(errno)));
  }
  timer_ = std::move(timer);
  outer_ = std::move(outer);
  Signal();
  return outer_.get();
}

void PollBase::Signal() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_.get(), &one, sizeof(one));
}

bool PollBase::Poll(int64_t timeout) {
  pollfd polled[] = {{event_.get(), POLLIN, 0}, {fd_active_ ? watched_ : -1, POLLIN, 0}};
  const timespec time = {static_cast<time_t>(timeout / kSecond),
                         static_cast<long>(timeout % kSecond)};
  const int found = ppoll(polled, 2, &time, nullptr);
  if (found < 0 && errno != EINTR) {
    // The kernel refuses, and a loop around this must not use a whole processor.
    SleepUntil(MonotonicNow() + std::min(timeout, kRefusedPause));
  }
  if (found <= 0) return false;
  if (polled[0].revents != 0) ClearEvent();
  return true;
}

void PollBase::ClearEvent() {
  uint64_t count;
  [[maybe_unused]] const ssize_t read_bytes = read(event_.get(), &count, sizeof(count));
}

void PollBase::SetTimer(MonotonicNanos time) {
  itimerspec timer = {};
  time = std::max(time, int64_t{1});
  timer.it_value.tv_sec = static_cast<time_t>(time / kSecond);
  timer.it_value.tv_nsec = static_cast<long>(time % kSecond);
  // Setting it also makes it unreadable.
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &timer, nullptr);
}

void PollBase::CollectFd(std::vector<Token>* fired) {
  if (!fd_active_) return;
  pollfd polled = {watched_, POLLIN, 0};
  if (poll(&polled, 1, 0) <= 0) return;
  fd_active_ = false;
  fired->push_back(kFdToken);
}

}  // namespace ipmpsc::internal
