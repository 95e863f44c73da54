// Coroutines of C++20 that wait for channels, in one thread and one `WaitSet`.
//
//   ipmpsc::Task Print(ipmpsc::CoroutineLoop& loop, ipmpsc::Receiver& receiver) {
//     for (;;) {
//       absl::StatusOr<ipmpsc::Lease> lease = co_await loop.Receive(receiver);
//       if (!lease.ok()) co_return;
//       std::cout << lease->payload() << '\n';
//     }
//   }
//   ...
//   absl::StatusOr<std::unique_ptr<ipmpsc::CoroutineLoop>> loop = ipmpsc::CoroutineLoop::Create();
//   for (ipmpsc::Receiver& receiver : receivers) (*loop)->Spawn(Print(**loop, receiver));
//   absl::Status status = (*loop)->Run();
//
// The header is empty for a compiler that does not define __cpp_impl_coroutine. The rest of the
// library needs C++17 only.
#ifndef IPMPSC_ADAPTERS_COROUTINE_H_
#define IPMPSC_ADAPTERS_COROUTINE_H_

#ifdef __cpp_impl_coroutine

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_options.h"
#include "ipmpsc/wait_set.h"

namespace ipmpsc {

class CoroutineLoop;

// A coroutine without a result. It begins when a `CoroutineLoop` runs it.
class [[nodiscard]] Task {
 public:
  struct promise_type;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

 private:
  friend class CoroutineLoop;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

// Thread-compatible: one thread at a time runs the loop and uses its ends, except `Interrupt`.
//
// The results of its functions are awaitable in every kind of coroutine, not only in `Task`. At
// most one coroutine waits for an end or a descriptor at a time: a second one gets kAlreadyExists,
// as from `WaitSet::Add`. The loop and the ends must outlive the coroutines that wait for them:
// declare the loop last, since its destructor destroys its tasks.
class CoroutineLoop {
 public:
  class Receiving;
  class Sending;
  class Watching;

  // Errors: as `WaitSet::Create`.
  static absl::StatusOr<std::unique_ptr<CoroutineLoop>> Create(const WaitSetOptions& options = {}) {
    absl::StatusOr<WaitSet> set = WaitSet::Create(options);
    if (!set.ok()) return set.status();
    return std::unique_ptr<CoroutineLoop>(new CoroutineLoop(*std::move(set)));
  }
  CoroutineLoop(const CoroutineLoop&) = delete;
  CoroutineLoop& operator=(const CoroutineLoop&) = delete;
  // Destroys the tasks that have not ended.
  inline ~CoroutineLoop();

  // Gives a task to the loop. `Run` begins it. A task may spawn others.
  inline void Spawn(Task task);

  // Runs until no coroutine waits any more. An exception that leaves a task leaves this function,
  // and the task has ended. The function may be called again after both.
  //
  // Errors: kCancelled - `Interrupt` was called. kFailedPrecondition - inherited through fork.
  inline absl::Status Run();

  // Ends a running `Run`, or the next one. May be called in any thread and in signal handlers,
  // while the loop lives.
  void Interrupt() { set_.Interrupt(); }

  // co_await gives an absl::StatusOr<Lease>.
  //
  // Errors: as `Receiver::TryReceive`, but not kUnavailable; kDeadlineExceeded; as `WaitSet::Add`.
  inline Receiving Receive(Receiver& receiver, Deadline deadline = Deadline::Never());
  // co_await gives an absl::Status. `payload` must stay until then. In a lossy channel it does not
  // wait for space.
  //
  // Errors: as `Sender::TrySend`, but kResourceExhausted only in a lossy channel: the message is
  // dropped; kDeadlineExceeded; as `WaitSet::Add`.
  inline Sending Send(Sender& sender, absl::string_view payload,
                      Deadline deadline = Deadline::Never());
  // Waits for `events` (EPOLLIN and so on) of a descriptor. co_await gives an
  // absl::StatusOr<uint32_t>, the events that occurred.
  //
  // Errors: kDeadlineExceeded; as `WaitSet::AddFd`.
  inline Watching Wait(int fd, uint32_t events, Deadline deadline = Deadline::Never());

 private:
  friend struct Task::promise_type;
  using Timers = std::multimap<int64_t, class CoroutineWaiter*>;
  friend class CoroutineWaiter;

  static constexpr size_t kMostReady = 64;  // members that one look at the set takes

  explicit CoroutineLoop(WaitSet set) : set_(std::move(set)) {}

  inline void RunReady();

  WaitSet set_;
  std::set<void*> tasks_;                      // addresses of handles
  std::deque<std::coroutine_handle<>> ready_;  // to be resumed
  Timers timers_;
  size_t waiting_ = 0;            // waiters in the set
  void* ended_ = nullptr;         // the task that has ended in this resumption
  std::exception_ptr exception_;  // that has left it
};

struct Task::promise_type {
  struct AtEnd {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<promise_type> handle) const noexcept {
      handle.promise().loop->ended_ = handle.address();
    }
    void await_resume() const noexcept {}
  };

  Task get_return_object() {
    return Task(std::coroutine_handle<promise_type>::from_promise(*this));
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  AtEnd final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { loop->exception_ = std::current_exception(); }

  CoroutineLoop* loop = nullptr;
};

// The entry that an awaiting coroutine leaves in its loop. Lives in the frame of the coroutine.
class CoroutineWaiter {
 public:
  CoroutineWaiter(const CoroutineWaiter&) = delete;
  CoroutineWaiter& operator=(const CoroutineWaiter&) = delete;

 protected:
  CoroutineWaiter(CoroutineLoop* loop, Deadline deadline) : loop_(loop), deadline_(deadline) {}
  ~CoroutineWaiter() = default;

  // Tries the operation, of which `events` are known. Returns whether it has a result.
  virtual bool Try(uint32_t events) = 0;
  virtual absl::Status Add(WaitSet& set, uint64_t tag) = 0;
  virtual void Remove(WaitSet& set) = 0;
  virtual void Fail(absl::Status status) = 0;

  // Returns whether the coroutine is suspended.
  bool Suspend(std::coroutine_handle<> handle) {
    if (absl::Status status = Add(loop_->set_, reinterpret_cast<uintptr_t>(this)); !status.ok()) {
      Fail(std::move(status));
      return false;
    }
    handle_ = handle;
    waits_ = true;
    ++loop_->waiting_;
    if (!deadline_.is_never()) timer_ = loop_->timers_.emplace(deadline_.nanoseconds(), this);
    return true;
  }

  // The coroutine is destroyed.
  void Abandon() {
    if (waits_) Leave();
    if (scheduled_) {
      const auto found = std::find(loop_->ready_.begin(), loop_->ready_.end(), handle_);
      if (found != loop_->ready_.end()) loop_->ready_.erase(found);
    }
  }
  void Resumed() { scheduled_ = false; }

 private:
  friend class CoroutineLoop;

  void Leave() {
    waits_ = false;
    --loop_->waiting_;
    Remove(loop_->set_);
    if (timer_.has_value()) loop_->timers_.erase(*timer_);
    timer_.reset();
  }
  void Schedule() {
    Leave();
    scheduled_ = true;
    loop_->ready_.push_back(handle_);
  }

  CoroutineLoop* const loop_;
  const Deadline deadline_;
  std::coroutine_handle<> handle_;
  std::optional<CoroutineLoop::Timers::iterator> timer_;
  bool waits_ = false;
  bool scheduled_ = false;
};

class [[nodiscard]] CoroutineLoop::Receiving final : private CoroutineWaiter {
 public:
  Receiving(CoroutineLoop* loop, Receiver* receiver, Deadline deadline)
      : CoroutineWaiter(loop, deadline), receiver_(receiver) {}
  ~Receiving() { Abandon(); }

  bool await_ready() { return Try(0); }
  bool await_suspend(std::coroutine_handle<> handle) { return Suspend(handle); }
  absl::StatusOr<Lease> await_resume() {
    Resumed();
    return std::move(result_);
  }

 private:
  bool Try(uint32_t) override {
    result_ = receiver_->TryReceive();
    return !absl::IsUnavailable(result_.status());
  }
  absl::Status Add(WaitSet& set, uint64_t tag) override { return set.Add(*receiver_, tag); }
  void Remove(WaitSet& set) override { (void)set.Remove(*receiver_); }
  void Fail(absl::Status status) override { result_ = std::move(status); }

  Receiver* const receiver_;
  absl::StatusOr<Lease> result_;
};

class [[nodiscard]] CoroutineLoop::Sending final : private CoroutineWaiter {
 public:
  Sending(CoroutineLoop* loop, Sender* sender, absl::string_view payload, Deadline deadline)
      : CoroutineWaiter(loop, deadline), sender_(sender), payload_(payload) {}
  ~Sending() { Abandon(); }

  bool await_ready() { return Try(0); }
  bool await_suspend(std::coroutine_handle<> handle) { return Suspend(handle); }
  absl::Status await_resume() {
    Resumed();
    return std::move(result_);
  }

 private:
  bool Try(uint32_t) override {
    result_ = sender_->TrySend(payload_);
    // A lossy channel has counted the message as dropped.
    return !absl::IsResourceExhausted(result_) ||
           sender_->channel().on_full() == OnFull::kDropNewest;
  }
  absl::Status Add(WaitSet& set, uint64_t tag) override {
    return set.Add(*sender_, payload_.size(), tag);
  }
  void Remove(WaitSet& set) override { (void)set.Remove(*sender_); }
  void Fail(absl::Status status) override { result_ = std::move(status); }

  Sender* const sender_;
  const absl::string_view payload_;
  absl::Status result_;
};

class [[nodiscard]] CoroutineLoop::Watching final : private CoroutineWaiter {
 public:
  Watching(CoroutineLoop* loop, int fd, uint32_t events, Deadline deadline)
      : CoroutineWaiter(loop, deadline), fd_(fd), events_(events) {}
  ~Watching() { Abandon(); }

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> handle) { return Suspend(handle); }
  absl::StatusOr<uint32_t> await_resume() {
    Resumed();
    return std::move(result_);
  }

 private:
  bool Try(uint32_t events) override {
    result_ = events;
    return true;
  }
  absl::Status Add(WaitSet& set, uint64_t tag) override { return set.AddFd(fd_, events_, tag); }
  void Remove(WaitSet& set) override { (void)set.RemoveFd(fd_); }
  void Fail(absl::Status status) override { result_ = std::move(status); }

  const int fd_;
  const uint32_t events_;
  absl::StatusOr<uint32_t> result_;
};

inline CoroutineLoop::~CoroutineLoop() {
  // The destruction of one may spawn another.
  while (!tasks_.empty()) {
    const auto first = tasks_.begin();
    const auto handle = std::coroutine_handle<>::from_address(*first);
    tasks_.erase(first);
    handle.destroy();
  }
}

inline void CoroutineLoop::Spawn(Task task) {
  const auto handle = std::exchange(task.handle_, nullptr);
  handle.promise().loop = this;
  tasks_.insert(handle.address());
  ready_.push_back(handle);
}

inline void CoroutineLoop::RunReady() {
  while (!ready_.empty()) {
    const std::coroutine_handle<> handle = ready_.front();
    ready_.pop_front();
    handle.resume();
    if (ended_ == nullptr) continue;
    void* const ended = std::exchange(ended_, nullptr);
    tasks_.erase(ended);
    std::coroutine_handle<>::from_address(ended).destroy();
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
  }
}

inline absl::Status CoroutineLoop::Run() {
  for (;;) {
    RunReady();
    if (waiting_ == 0) return absl::OkStatus();
    Ready ready[kMostReady];
    Deadline deadline = Deadline::Never();
    if (!timers_.empty()) deadline = timers_.begin()->second->deadline_;
    const absl::StatusOr<size_t> count = set_.Wait(deadline, absl::MakeSpan(ready));
    if (!count.ok()) return count.status();
    // No coroutine runs before all have been tried, so none of the waiters goes away.
    for (size_t i = 0; i < *count; ++i) {
      auto* const waiter = reinterpret_cast<CoroutineWaiter*>(static_cast<uintptr_t>(ready[i].tag));
      if (waiter->Try(ready[i].events)) waiter->Schedule();
    }
    while (!timers_.empty() && timers_.begin()->second->deadline_.Passed()) {
      CoroutineWaiter* const waiter = timers_.begin()->second;
      waiter->Fail(absl::DeadlineExceededError("nothing happened before the deadline"));
      waiter->Schedule();
    }
  }
}

inline CoroutineLoop::Receiving CoroutineLoop::Receive(Receiver& receiver, Deadline deadline) {
  return Receiving(this, &receiver, deadline);
}
inline CoroutineLoop::Sending CoroutineLoop::Send(Sender& sender, absl::string_view payload,
                                                  Deadline deadline) {
  return Sending(this, &sender, payload, deadline);
}
inline CoroutineLoop::Watching CoroutineLoop::Wait(int fd, uint32_t events, Deadline deadline) {
  return Watching(this, fd, events, deadline);
}

}  // namespace ipmpsc

#endif  // __cpp_impl_coroutine

#endif  // IPMPSC_ADAPTERS_COROUTINE_H_
