// The steps of a wait, for an end that sleeps by itself and for a set that sleeps for many ends:
// look, announce, barrier, look again, sleep on a word.
#ifndef IPMPSC_INTERNAL_ENDPOINT_ARMING_H_
#define IPMPSC_INTERNAL_ENDPOINT_ARMING_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

// Constants of both kinds of waits, in nanoseconds.
//
// A sender may die after its claim, or between its commit and its wake, so a receiver looks again
// by itself. If nothing is claimed, a sender wakes it before it commits. That sleep has a bound
// only if the receiver must notice more than messages.
inline constexpr int64_t kLongestSleepUnfinished = 10'000'000;
inline constexpr int64_t kLongestSleepWithChecks = 100'000'000;
// Not for messages: the file's times move once an hour (`Segment::KeepFresh`).
inline constexpr int64_t kLongestSleep = 3'600'000'000'000;
// The receiver may die between its release and its wake, so a sender looks again by itself.
inline constexpr int64_t kLongestSleepForSpace = 100'000'000;

// How many waits in vain precede taking the turn.
inline constexpr int kWaitsBeforeTurn = 4;

// The word on which an end sleeps after it has announced its wait.
struct Announcement {
  std::atomic<uint32_t>* word;
  uint32_t expected;
  int64_t longest;        // the bound of the sleep, in nanoseconds
  bool needs_membarrier;  // between the announcement and the next look; else a fence
};

// The result of a look at an end.
enum class Readiness {
  kReady,    // the end's next call has a result: it need not wait
  kNothing,  // it would wait
  kSoon,     // a message is claimed and not committed. `Resolve` finds out why
  kDormant,  // it can do nothing before its own thread has acted: its loan is open
};

class Waitable;

// The wait set of an end. Calls come from the thread that uses both.
class WaitSetHook {
 public:
  // The end is about to sleep by itself.
  virtual void OnOwnSleep(Waitable* end) = 0;
  // The handle is gone, or is about to hold another end.
  virtual void OnDetach(Waitable* end) = 0;

 protected:
  ~WaitSetHook() = default;
};

// An end, as a wait set sees it.
class Waitable {
 public:
  virtual Readiness Check() = 0;
  // Finds out why a claimed message is not committed, and steps over orphans. Not kSoon.
  virtual Readiness Resolve() = 0;
  // Whether an event has come for which `Check` said kSoon. Cheap.
  virtual bool HasCome() const = 0;
  // Announces the wait. REQUIRES: the last check said kNothing.
  virtual Announcement Announce() = 0;
  // The look after the barrier. False: something has changed.
  virtual bool IsStillNothing() = 0;
  virtual void Withdraw() = 0;
  // The set does not wait for it any more.
  virtual void Leave() = 0;
  // An announcement that was made for this position is void if the position changes. Constant for
  // announcements that stay valid.
  virtual Position announced_position() const = 0;
  virtual bool InSameProcess() const = 0;
  // For errors.
  virtual std::string Description() const = 0;

  WaitSetHook* hook() const { return hook_; }
  void set_hook(WaitSetHook* hook) { hook_ = hook; }
  uint32_t token() const { return token_; }
  void set_token(uint32_t token) { token_ = token; }

 protected:
  ~Waitable() = default;

 private:
  WaitSetHook* hook_ = nullptr;
  uint32_t token_ = 0;  // in the set
};

// The request to end a wait. It stays until a wait ends by it.
class InterruptFlag {
 public:
  // Safe in signal handlers and in any thread.
  void Set();
  // Takes the request back and returns whether there was one.
  bool Consume() {
    // Relaxed, both: nothing else is handed over with it.
    return word_.load(std::memory_order_relaxed) != 0 &&
           word_.exchange(0, std::memory_order_relaxed) != 0;
  }
  // For `FutexWaitUnless`.
  std::atomic<uint32_t>* word() { return &word_; }

 private:
  std::atomic<uint32_t> word_{0};
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_ARMING_H_
