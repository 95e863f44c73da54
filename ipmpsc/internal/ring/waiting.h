// Who wakes whom, without the sleeping itself.
//
// Both sides of the ring use one pattern. The one that wants to sleep announces it in a wait word,
// passes a barrier, and looks once more for what it waits for. The other one does that thing,
// passes a barrier, and looks at the word. With a full barrier on both sides, one of them must see
// the other. The waker's is on the fast path, so it is only a compiler barrier, and the sleeper's
// is `membarrier`, which makes every running participant pass a full one; unless `kFlagFullBarrier`
// says that some participant cannot do that.
#ifndef IPMPSC_INTERNAL_RING_WAITING_H_
#define IPMPSC_INTERNAL_RING_WAITING_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

// Whether wakers run full barriers in this ring.
inline bool HasFullBarriers(const ControlBlock& control) {
  // Relaxed: whoever misses the flag for a moment costs a sleeper one bounded wait at most.
  return (control.flags.load(std::memory_order_relaxed) & kFlagFullBarrier) != 0;
}

// By a participant that cannot take part in the sleepers' barrier.
inline void RequireFullBarriers(ControlBlock* control) {
  // Relaxed: as above.
  control->flags.fetch_or(kFlagFullBarrier, std::memory_order_relaxed);
}

// The waker's barrier between what it did and its look at a wait word.
inline void WakerBarrier(const ControlBlock& control) {
  if (ABSL_PREDICT_FALSE(HasFullBarriers(control))) {
    // [wake] seq_cst; pairs with [sleep] seq_cst: either the sleeper sees what was done, or its
    // word is seen here.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } else {
    // [wake] signal fence; pairs with [sleep] membarrier: the processor is made to order it when
    // somebody sleeps.
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

// A sender, after the commit at `position` and `WakerBarrier`: whether it must wake the receiver.
inline bool MustWakeReceiver(ControlBlock* control, Position position) {
  // Relaxed: ordered by the barrier.
  if (control->receiver_wait.load(std::memory_order_relaxed) != ReceiverWaitWord(position))
    return false;
  // Relaxed: the word is only a hint to go to sleep or not; the receiver looks for the stamp.
  control->receiver_wait.store(0, std::memory_order_relaxed);
  return true;
}

// Whoever does what the receiver may wait for without a commit (a sender that detaches), after
// `WakerBarrier`. The word stays, so the receiver looks again and sleeps again for the same
// position.
inline bool IsReceiverWaiting(const ControlBlock& control) {
  // Relaxed: ordered by the barrier.
  return control.receiver_wait.load(std::memory_order_relaxed) != 0;
}

// The receiver, before a release that it may put off: whether some sender sleeps, or is about to.
inline bool AreSendersWaiting(const ControlBlock& control) {
  // Relaxed: one that is missed is seen with the next message, or looks again by itself.
  return (control.senders_wait.load(std::memory_order_relaxed) & 1) != 0;
}

// The receiver, after a release and `WakerBarrier`: whether it must wake the senders.
inline bool MustWakeSenders(ControlBlock* control) {
  // Relaxed, both: as above. The CAS loses only to a peer that breaks the rules, since senders
  // leave a set word alone.
  uint32_t word = control->senders_wait.load(std::memory_order_relaxed);
  if ((word & 1) == 0) return false;
  return control->senders_wait.compare_exchange_strong(word, word + 1, std::memory_order_relaxed);
}

// A sender, before it sleeps: announces it. Returns the word to sleep on.
inline uint32_t AnnounceSenderWait(ControlBlock* control) {
  // Relaxed: ordered by the barrier that follows.
  return control->senders_wait.fetch_or(1, std::memory_order_relaxed) | 1;
}

// The receiver, before it sleeps until `position` is committed: announces it. Returns the word to
// sleep on.
inline uint32_t AnnounceReceiverWait(ControlBlock* control, Position position) {
  const uint32_t word = ReceiverWaitWord(position);
  // Relaxed: ordered by the barrier that follows.
  control->receiver_wait.store(word, std::memory_order_relaxed);
  return word;
}

// The receiver, when it is awake again.
inline void WithdrawReceiverWait(ControlBlock* control) {
  // Relaxed: an unneeded wake is all that a late one costs.
  control->receiver_wait.store(0, std::memory_order_relaxed);
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_WAITING_H_
