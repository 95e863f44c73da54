// WordWaiter: sleeps on many words in shared memory, and on one descriptor, at once.
//
//   watch --wake, other value, or no reason--> fired (once)
//
// A watch is announced by `Watch` and takes effect with the next `Flush` or `Sleep`. Then the word
// is compared with the expected value. So a change after the caller's last look is never missed. A
// watch may fire without a reason, so its caller must check its condition.
//
// One thread at a time. In a forked child only the destructor may be called.
#ifndef IPMPSC_INTERNAL_OS_WORD_WAITER_H_
#define IPMPSC_INTERNAL_OS_WORD_WAITER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {

class WordWaiter {
 public:
  // Names a watch. Tokens are small numbers: memory grows with the largest.
  using Token = uint32_t;
  // The token that fires for the descriptor of `WatchFd`.
  static constexpr Token kFdToken = ~Token{0};

  enum class Mechanism { kIoUring, kThreads, kPolling };

  // Errors: kUnimplemented - the kernel does not have or allow the mechanism; the text says which
  // call it refused. kResourceExhausted - no descriptors, memory or threads left.
  static absl::StatusOr<std::unique_ptr<WordWaiter>> Create(Mechanism mechanism);

  virtual ~WordWaiter() = default;

  // Watches `word` for `token`, which has no watch. The word must stay mapped until the watch has
  // fired or `Unwatch`. False: the kernel refuses it, and the caller must look by itself.
  virtual bool Watch(Token token, std::atomic<uint32_t>* word, uint32_t expected) = 0;
  // Ends the watch of `token`, if it has one. It does not fire any more.
  virtual void Unwatch(Token token) = 0;
  // Watches `fd` until it is readable, which fires `kFdToken` once. Always the same descriptor.
  virtual void WatchFd(int fd) = 0;

  // Lets the watches take effect, without sleeping.
  virtual void Flush() = 0;
  // Appends the tokens that have fired. Makes no system call if none has.
  virtual void Collect(std::vector<Token>* fired) = 0;
  // Lets the watches take effect and sleeps until one fires, at most until `deadline` (nanoseconds
  // of the monotonic clock). May return early without a reason.
  virtual void Sleep(MonotonicNanos deadline) = 0;

  // Returns a descriptor for an outer loop; always the same one. The caller must not close it. It
  // is readable from a firing, `Signal` or the alarm on, until `Rearm`.
  //
  // Errors: kResourceExhausted - no descriptors left.
  virtual absl::StatusOr<int> Fd() = 0;
  // Makes the descriptor unreadable, and readable again at `alarm` (as `deadline`) at the latest.
  // Lets the watches take effect. What fires afterwards makes it readable. Call `Collect` next: a
  // token that has fired before may not make it readable. REQUIRES: `Fd` has succeeded.
  virtual void Rearm(int64_t alarm) = 0;
  // Makes the descriptor readable. REQUIRES: `Fd` has succeeded.
  virtual void Signal() = 0;

  // Leaves what belongs to the parent of this forked child alone. Only the destructor may follow.
  virtual void AbandonInChild() = 0;
};

// The implementations, for `Create`.
absl::StatusOr<std::unique_ptr<WordWaiter>> CreateUringWaiter();
absl::StatusOr<std::unique_ptr<WordWaiter>> CreateThreadWaiter();
absl::StatusOr<std::unique_ptr<WordWaiter>> CreatePollingWaiter();

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_WORD_WAITER_H_
