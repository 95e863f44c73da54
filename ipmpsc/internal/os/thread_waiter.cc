// WordWaiter by helper threads that sleep in futex_waitv, and an event descriptor.
//
// Each thread sleeps on up to 127 words, and on a word of its own that changes when its list does.
// A thread reads words only under the lock of its list, so `Unwatch` may be followed by unmapping.
// The kernel may read the word of an old list then. It reports a fault or another value, and the
// thread takes the new list.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/futex_waitv.h"
#include "ipmpsc/internal/os/poll_base.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/internal/os/word_waiter.h"

namespace ipmpsc::internal {
namespace {

constexpr size_t kMostWatches = kMostFutexWaiters - 1;
// Nanoseconds. Where the kernel refuses to sleep, a thread compares the words this often.
constexpr int64_t kRefusedPause = 1'000'000;

class ThreadWaiter : public PollBase {
 public:
  // Returns 0 or an errno.
  int Open() {
    const int error = OpenEvent();
    return error != 0 ? error : AddHelper();
  }

  ~ThreadWaiter() override {
    for (const std::unique_ptr<Helper>& helper : helpers_) {
      {
        const std::lock_guard<std::mutex> lock(helper->mutex);
        helper->stop = true;
      }
      helper->Kick();
    }
    for (const std::unique_ptr<Helper>& helper : helpers_) pthread_join(helper->thread, nullptr);
  }

  bool Watch(Token token, std::atomic<uint32_t>* word, uint32_t expected) override {
    Helper* const helper = FindRoom();
    if (helper == nullptr) return false;
    if (token >= owners_.size()) owners_.resize(token + 1, nullptr);
    owners_[token] = helper;
    const std::lock_guard<std::mutex> lock(helper->mutex);
    helper->watches.push_back({token, expected, word, ++helper->last_number});
    helper->dirty = true;
    return true;
  }

  void Unwatch(Token token) override {
    if (token >= owners_.size() || owners_[token] == nullptr) return;
    Helper* const helper = std::exchange(owners_[token], nullptr);
    const std::lock_guard<std::mutex> lock(helper->mutex);
    const auto is_it = [token](const Watched& watch) { return watch.token == token; };
    const auto found = std::find_if(helper->watches.begin(), helper->watches.end(), is_it);
    if (found != helper->watches.end()) {
      helper->watches.erase(found);
      helper->dirty = true;
    }
    helper->fired.erase(std::remove(helper->fired.begin(), helper->fired.end(), token),
                        helper->fired.end());
  }

  void Flush() override {
    for (const std::unique_ptr<Helper>& helper : helpers_) {
      if (std::exchange(helper->dirty, false)) helper->Kick();
    }
  }

  void Collect(std::vector<Token>* fired) override {
    for (const std::unique_ptr<Helper>& helper : helpers_) {
      // Relaxed: a hint. If it is missed, the event ends the next sleep.
      if (!helper->has_fired.load(std::memory_order_relaxed)) continue;
      const std::lock_guard<std::mutex> lock(helper->mutex);
      // Relaxed: under the lock.
      helper->has_fired.store(false, std::memory_order_relaxed);
      for (const Token token : helper->fired) owners_[token] = nullptr;
      fired->insert(fired->end(), helper->fired.begin(), helper->fired.end());
      helper->fired.clear();
    }
    CollectFd(fired);
  }

  void Sleep(MonotonicNanos deadline) override {
    Flush();
    const int64_t left = deadline - MonotonicNow();
    if (left > 0) Poll(left);
  }

  void Rearm(int64_t alarm) override {
    ClearEvent();
    SetTimer(alarm);
    Flush();
  }

  // The child has no helpers, and their locks may be held.
  void AbandonInChild() override {
    for (std::unique_ptr<Helper>& helper : helpers_) helper.release();
    helpers_.clear();
  }

 private:
  struct Watched {
    Token token;
    uint32_t expected;
    std::atomic<uint32_t>* word;
    uint64_t number;  // never repeats in its helper
  };

  struct Helper {
    // Makes the thread take the list anew.
    void Kick() {
      // Relaxed: the lock orders the list. The kernel compares the word.
      version.fetch_add(1, std::memory_order_relaxed);
      FutexWakeOne(&version);
    }

    ThreadWaiter* waiter;
    pthread_t thread;
    bool dirty = false;  // the waiter's
    std::atomic<uint32_t> version{0};
    std::atomic<bool> has_fired{false};
    std::mutex mutex;  // for what follows
    std::vector<Watched> watches;
    std::vector<Token> fired;
    uint64_t last_number = 0;
    bool stop = false;
  };

  Helper* FindRoom() {
    for (const std::unique_ptr<Helper>& helper : helpers_) {
      const std::lock_guard<std::mutex> lock(helper->mutex);
      if (helper->watches.size() < kMostWatches) return helper.get();
    }
    return AddHelper() == 0 ? helpers_.back().get() : nullptr;
  }

  int AddHelper() {
    auto helper = std::make_unique<Helper>();
    helper->waiter = this;
    // The program's signals are for its own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(
        &helper->thread, nullptr,
        [](void* argument) -> void* {
          Run(static_cast<Helper*>(argument));
          return nullptr;
        },
        helper.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error == 0) helpers_.push_back(std::move(helper));
    return error;
  }

  static void Run(Helper* helper) {
    FutexWaiter waiters[kMostFutexWaiters];
    uint64_t numbers[kMostFutexWaiters];
    std::unique_lock<std::mutex> lock(helper->mutex);
    while (!helper->stop) {
      // Relaxed: the lock orders the list. A change after this makes the kernel refuse to sleep.
      const uint32_t version = helper->version.load(std::memory_order_relaxed);
      waiters[0] = {version, reinterpret_cast<uintptr_t>(&helper->version), kFutexU32};
      Fire(helper, [](const Watched& watch) {
        // Relaxed: a hint. The set looks at its condition in its own order.
        return watch.word->load(std::memory_order_relaxed) != watch.expected;
      });
      size_t count = 1;
      for (const Watched& watch : helper->watches) {
        numbers[count] = watch.number;
        waiters[count++] = {watch.expected, reinterpret_cast<uintptr_t>(watch.word), kFutexU32};
      }
      lock.unlock();
      const long woken = FutexWaitv(waiters, count, std::numeric_limits<int64_t>::max());
      const int error = woken < 0 ? errno : 0;
      if (error != 0 && error != EAGAIN && error != EINTR && error != EFAULT) {
        SleepUntil(MonotonicNow() + kRefusedPause);
      }
      lock.lock();
      if (woken > 0) {
        Fire(helper, [&](const Watched& watch) { return watch.number == numbers[woken]; });
      }
    }
  }

  // Moves the watches for which `has_fired` is true to the fired ones.
  template <typename HasFired>
  static void Fire(Helper* helper, HasFired has_fired) {
    const auto begin = std::partition(helper->watches.begin(), helper->watches.end(),
                                      [&](const Watched& watch) { return !has_fired(watch); });
    if (begin == helper->watches.end()) return;
    for (auto watch = begin; watch != helper->watches.end(); ++watch) {
      helper->fired.push_back(watch->token);
    }
    helper->watches.erase(begin, helper->watches.end());
    // Relaxed: under the lock, and a hint outside of it.
    if (!helper->has_fired.exchange(true, std::memory_order_relaxed)) helper->waiter->Signal();
  }

  std::vector<std::unique_ptr<Helper>> helpers_;
  std::vector<Helper*> owners_;  // of tokens with a watch
};

}  // namespace

absl::StatusOr<std::unique_ptr<WordWaiter>> CreateThreadWaiter() {
  // A word that has another value: EAGAIN at once, where the call exists and is allowed.
  std::atomic<uint32_t> word{1};
  const FutexWaiter probe = {0, reinterpret_cast<uintptr_t>(&word), kFutexU32};
  if (FutexWaitv(&probe, 1, 0) >= 0 || errno != EAGAIN) {
    return absl::UnimplementedError(
        absl::StrCat("futex_waitv is refused: ", strerror(errno), " (it needs Linux 5.16)"));
  }
  auto waiter = std::make_unique<ThreadWaiter>();
  if (const int error = waiter->Open(); error != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start a helper thread: ", strerror(error)));
  }
  return std::unique_ptr<WordWaiter>(std::move(waiter));
}

}  // namespace ipmpsc::internal
