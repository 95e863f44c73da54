// WordWaiter by io_uring: one futex wait for each watch. One system call hands new watches to the
// kernel and sleeps.
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex_waitv.h"
#include "ipmpsc/internal/os/io_uring.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/os/word_waiter.h"

namespace ipmpsc::internal {
namespace {

// Requests that one call hands over. More watches take more calls, once. The kernel keeps
// completions that find no room.
constexpr uint32_t kRequests = 64;
constexpr uint32_t kCompletions = 256;

// Nanoseconds. The pause where the kernel refuses, so that a loop does not use a whole processor.
constexpr int64_t kRefusedPause = 1'000'000;
constexpr int64_t kLongestTimeout = 1'000'000'000'000'000;
constexpr int64_t kNoAlarm = std::numeric_limits<int64_t>::max();

// `user_data` of requests that are no watch. A watch has its token and its generation, which has 31
// bits.
constexpr uint64_t kSpecial = uint64_t{1} << 63;
constexpr uint64_t kFdData = kSpecial | 1;
constexpr uint64_t kAlarmData = kSpecial | 2;
constexpr uint64_t kIgnoredData = kSpecial | 3;

bool AddTo(int epoll, int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST;
}

class UringWaiter : public WordWaiter {
 public:
  // Returns 0 or an errno.
  int Open() {
    const int error = ring_.Open(kRequests, kCompletions);
    return error != 0 ? error : TryWaiting();
  }

  bool Watch(Token token, std::atomic<uint32_t>* word, uint32_t expected) override {
    if (refused_ || !ring_.valid()) return false;
    UringRequest* const request = NextRequest();
    if (request == nullptr) return false;
    if (token >= watches_.size()) watches_.resize(token + 1);
    WatchState& watch = watches_[token];
    watch.active = true;
    Fill(request, word, expected, DataOf(token));
    return true;
  }

  void Unwatch(Token token) override {
    if (token >= watches_.size() || !watches_[token].active) return;
    const uint64_t data = DataOf(token);
    Finish(token);
    if (!ring_.valid()) return;
    if (UringRequest* const request = NextRequest()) {
      request->opcode = kUringAsyncCancel;
      request->flags = kUringSkipSuccess;
      request->address = data;
      request->user_data = kIgnoredData;
    }
  }

  void WatchFd(int fd) override {
    fd_ = fd;
    fd_active_ = true;
    if (outer_.valid()) AddTo(outer_.get(), fd_);
    if (!fd_polled_) AddFd();
  }

  void Flush() override {
    if (ring_.valid() && ring_.pending() != 0) Enter(false, false, 0);
  }

  void Collect(std::vector<Token>* fired) override {
    if (ring_.valid() && ring_.HasHiddenCompletions()) Enter(true, false, 0);
    if (ring_.valid()) {
      ring_.ForEachCompletion([this](const UringCompletion& completion) { Complete(completion); });
    }
    if (outer_.valid()) PollFd(0);
    fired->insert(fired->end(), fired_.begin(), fired_.end());
    fired_.clear();
  }

  void Sleep(MonotonicNanos deadline) override {
    const int64_t left = std::min(deadline - MonotonicNow(), kLongestTimeout);
    if (!fired_.empty()) return;
    if (ring_.valid() || Reopen()) {
      // The requests are handed over even if no time is left.
      if (fired_.empty()) Enter(true, left > 0, std::max(left, int64_t{0}));
      return;
    }
    // Without a ring: the caller looks at its words by itself.
    if (left > 0) PollFd(std::min(left, kRefusedPause));
  }

  absl::StatusOr<int> Fd() override {
    if (outer_.valid()) return outer_.get();
    UniqueFd event = AboveStdio(UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    UniqueFd outer =
        event.valid() ? AboveStdio(UniqueFd(epoll_create1(EPOLL_CLOEXEC))) : UniqueFd();
    int error = outer.valid() && AddTo(outer.get(), event.get()) ? 0 : errno;
    if (error == 0 && ring_.valid()) error = ring_.RegisterEvent(event.get());
    // On Linux 6.18 a poll of the ring did not signal the registered event, so an outer loop sees
    // the descriptor itself.
    if (error == 0 && fd_ >= 0 && !AddTo(outer.get(), fd_)) error = errno;
    if (error != 0) {
      return absl::ResourceExhaustedError(
          absl::StrCat("cannot make a descriptor for an outer loop: ", strerror(error)));
    }
    event_ = std::move(event);
    outer_ = std::move(outer);
    Signal();
    return outer_.get();
  }

  void Rearm(int64_t alarm) override {
    if (!ring_.valid() && !Reopen()) {
      PollFd(kRefusedPause);
      return Signal();
    }
    if (alarm < alarm_) SetAlarm(alarm);
    Enter(true, false, 0);
    // After the call, in which completions signal the event. What completes from now on is seen by
    // the next `Collect`, or signals again.
    uint64_t count;
    [[maybe_unused]] const ssize_t read_bytes = read(event_.get(), &count, sizeof(count));
  }

  void Signal() override {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event_.get(), &one, sizeof(one));
  }

  void AbandonInChild() override {}

 private:
  struct WatchState {
    uint32_t generation = 0;
    bool active = false;
  };

  static void Fill(UringRequest* request, std::atomic<uint32_t>* word, uint32_t expected,
                   uint64_t data) {
    request->opcode = kUringFutexWait;
    request->fd = static_cast<int32_t>(kFutexU32);
    request->address = reinterpret_cast<uintptr_t>(word);
    request->offset = expected;
    request->third_address = 0xffffffff;  // wakes of every mask
    request->user_data = data;
  }

  uint64_t DataOf(Token token) const {
    return uint64_t{watches_[token].generation & 0x7fffffff} << 32 | token;
  }
  // Later completions of the watch are ignored.
  void Finish(Token token) {
    watches_[token].active = false;
    ++watches_[token].generation;
  }

  // Waits on a word that has another value. Returns 0, or why the kernel does not do that.
  int TryWaiting() {
    std::atomic<uint32_t> word{1};
    UringRequest* const request = ring_.NextRequest();
    Fill(request, &word, 0, kIgnoredData);
    const int error = ring_.Enter(true, true, kRefusedPause);
    if (error != 0) return error;
    int result = -ENOSYS;
    ring_.ForEachCompletion([&](const UringCompletion& completion) { result = completion.result; });
    return result == -EAGAIN ? 0 : result < 0 ? -result : ENOSYS;
  }

  UringRequest* NextRequest() {
    UringRequest* request = ring_.NextRequest();
    if (request != nullptr) return request;
    Enter(false, false, 0);
    return ring_.valid() ? ring_.NextRequest() : nullptr;
  }

  void AddFd() {
    if (!ring_.valid()) return;
    UringRequest* const request = NextRequest();
    if (request == nullptr) return FireFd();
    request->opcode = kUringPollAdd;
    request->fd = fd_;
    request->operation_flags = POLLIN;
    request->user_data = kFdData;
    fd_polled_ = true;
  }

  void FireFd() {
    if (!std::exchange(fd_active_, false)) return;
    fired_.push_back(kFdToken);
  }

  void SetAlarm(int64_t alarm) {
    if (alarm_ != kNoAlarm) {
      if (UringRequest* const request = NextRequest()) {
        request->opcode = kUringTimeoutRemove;
        request->flags = kUringSkipSuccess;
        request->address = kAlarmData;
        request->user_data = kIgnoredData;
      }
    }
    constexpr int64_t kSecond = 1'000'000'000;
    alarm_time_[0] = alarm / kSecond;
    alarm_time_[1] = alarm % kSecond;
    UringRequest* const request = ring_.valid() ? NextRequest() : nullptr;
    if (request == nullptr) return Signal();
    request->opcode = kUringTimeout;
    request->address = reinterpret_cast<uintptr_t>(alarm_time_);
    request->length = 1;
    request->operation_flags = kUringTimeoutAbsolute;
    request->user_data = kAlarmData;
    alarm_ = alarm;
  }

  void Complete(const UringCompletion& completion) {
    if ((completion.user_data & kSpecial) != 0) {
      if (completion.user_data == kFdData) {
        fd_polled_ = false;
        FireFd();
      }
      if (completion.user_data == kAlarmData && completion.result != -ECANCELED) alarm_ = kNoAlarm;
      return;
    }
    const Token token = static_cast<Token>(completion.user_data);
    if (token >= watches_.size() || !watches_[token].active ||
        DataOf(token) != completion.user_data) {
      return;
    }
    Finish(token);
    fired_.push_back(token);
    // Woken, another value, or canceled with its thread. Otherwise the kernel refuses, and a watch
    // that fires at once each time would make the caller use a whole processor.
    if (completion.result != 0 && completion.result != -EAGAIN && completion.result != -ECANCELED &&
        completion.result != -EINTR) {
      refused_ = true;
    }
  }

  void Enter(bool get, bool wait, int64_t timeout) {
    switch (const int error = ring_.Enter(get, wait, timeout)) {
      case 0:
      case ETIME:
      case EINTR:
        return;
      case EAGAIN:
      case EBUSY:
      case ENOMEM:
        SleepUntil(MonotonicNow() + kRefusedPause);
        return;
      default:
        // EEXIST: another thread than that of the ring. Others: the program has closed the ring's
        // descriptor, or a filter forbids the call from now on.
        if (error == EEXIST) {
          ring_.Close();
        } else {
          ring_.Forget();
        }
        FireAll();
        Reopen();
    }
  }

  // All watches are gone with their ring, so their words must be looked at.
  void FireAll() {
    for (Token token = 0; token < watches_.size(); ++token) {
      if (!watches_[token].active) continue;
      Finish(token);
      fired_.push_back(token);
    }
    fd_polled_ = false;
    FireFd();
    alarm_ = kNoAlarm;
    if (event_.valid()) Signal();
  }

  bool Reopen() {
    if (ring_.Open(kRequests, kCompletions) != 0) return false;
    if (TryWaiting() == 0 && (!event_.valid() || ring_.RegisterEvent(event_.get()) == 0)) {
      if (fd_active_) AddFd();
      return true;
    }
    ring_.Close();
    return false;
  }

  void PollFd(int64_t timeout) {
    pollfd polled = {fd_active_ ? fd_ : -1, POLLIN, 0};
    const timespec time = {0, static_cast<long>(timeout)};
    const int found = ppoll(&polled, 1, &time, nullptr);
    if (found > 0) FireFd();
    if (found < 0 && errno != EINTR) SleepUntil(MonotonicNow() + timeout);
  }

  IoUring ring_;
  UniqueFd event_;  // signaled by the ring
  UniqueFd outer_;  // an epoll instance with the event and the watched descriptor
  std::vector<WatchState> watches_;
  std::vector<Token> fired_;
  int fd_ = -1;
  bool fd_active_ = false;
  bool fd_polled_ = false;  // by a request of the ring
  bool refused_ = false;
  MonotonicNanos alarm_ = kNoAlarm;  // when the ring's timeout ends
  int64_t alarm_time_[2] = {};
};

}  // namespace

absl::StatusOr<std::unique_ptr<WordWaiter>> CreateUringWaiter() {
  auto waiter = std::make_unique<UringWaiter>();
  const int error = waiter->Open();
  if (error == 0) return std::unique_ptr<WordWaiter>(std::move(waiter));
  if (error == EMFILE || error == ENFILE || error == ENOMEM) {
    return absl::ResourceExhaustedError(absl::StrCat("io_uring: ", strerror(error)));
  }
  return absl::UnimplementedError(
      absl::StrCat("io_uring with futex waits is refused: ", strerror(error),
                   " (it needs Linux 6.7 and a container that allows it)"));
}

}  // namespace ipmpsc::internal
