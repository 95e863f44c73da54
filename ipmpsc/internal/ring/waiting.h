// The announcements by which sleepers and wakers find each other, without the sleeping itself.
//
// Each wait uses one pattern. The sleeper announces its wait in a word, passes a barrier, and looks
// once more for what it waits for. The waker does that thing, passes a barrier, and looks at the
// word. With a full barrier on both sides, one of them must see the other. The waker's barrier is on
// the fast path, so it is only a compiler barrier, and the sleeper's is `membarrier`, which makes
// every running participant pass a full one; unless `kFlagFullBarrier` says that some participant
// cannot do that.
//
// The receiver sleeps in two ways. Where nothing is claimed it announces `claim_wait` and sleeps on
// the claim word: a sender that has claimed wakes it before it commits, so nothing is committed that
// the receiver could sleep through. Where a claim is unfinished it announces `receiver_wait` and
// sleeps for that commit, with a bound, since its sender may die.
#ifndef IPMPSC_INTERNAL_RING_WAITING_H_
#define IPMPSC_INTERNAL_RING_WAITING_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

// The value of `receiver_wait` while the receiver sleeps until `position` is committed. Never 0. Two
// positions share a word only when they are 2^37 bytes apart; then a wake is wasted, none is missed.
constexpr uint32_t ReceiverWaitWord(Position position) {
  return static_cast<uint32_t>(position / kRecordAlignment) << 1 | 1;
}

// Whether wakers run full barriers in this ring.
inline bool HasFullBarriers(const ControlBlock& control) {
  // Relaxed: the flag is set before its participant does anything else; a waker that misses it for a
  // moment has started its own step before.
  return (control.flags.load(std::memory_order_relaxed) & kFlagFullBarrier) != 0;
}

// Called by a participant that cannot take part in the sleepers' barrier.
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
    // a participant goes to sleep.
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

// A sender's look, after its claim and `WakerBarrier`: the number of the announcement of a receiver
// that sleeps until something is claimed, or 0.
inline uint64_t ClaimWaitAnnounced(const ControlBlock& control) {
  // Relaxed: ordered by the barrier.
  return control.claim_wait.load(std::memory_order_relaxed);
}

// Takes back the announcement that a sender has answered with a wake. A later one stays: numbers
// never repeat, so a sender that is late cannot take back what it has not answered.
inline void AnswerClaimWait(ControlBlock* control, uint64_t announcement) {
  // Relaxed: without it the next sender wakes once more.
  control->claim_wait.compare_exchange_strong(announcement, 0, std::memory_order_relaxed);
}

// A sender's look, after the commit at `position` and `WakerBarrier`: whether it must wake the
// receiver.
inline bool MustWakeReceiver(ControlBlock* control, Position position) {
  // Relaxed: ordered by the barrier.
  if (ABSL_PREDICT_TRUE(control->receiver_wait.load(std::memory_order_relaxed) !=
                        ReceiverWaitWord(position)))
    return false;
  // Relaxed: the word is only a hint to go to sleep or not; the receiver looks for the stamp.
  control->receiver_wait.store(0, std::memory_order_relaxed);
  return true;
}

// The look of a participant that did what the receiver may wait for without a claim or commit (a
// sender that detaches), after `WakerBarrier`. The words stay, so the receiver looks again and
// sleeps again for the same thing.
inline bool IsReceiverWaiting(const ControlBlock& control) {
  // Relaxed, both: ordered by the barrier.
  return control.receiver_wait.load(std::memory_order_relaxed) != 0 ||
         control.claim_wait.load(std::memory_order_relaxed) != 0;
}

// The receiver's look before a release that it may put off: whether some sender sleeps, or is about
// to.
inline bool AreSendersWaiting(const ControlBlock& control) {
  // Relaxed: one that is missed is seen with the next message, or looks again by itself.
  return (control.senders_wait.load(std::memory_order_relaxed) & 1) != 0;
}

// The receiver's look after a release and `WakerBarrier`: whether it must wake the senders.
inline bool MustWakeSenders(ControlBlock* control) {
  // Relaxed, both: as above. The CAS loses only to a peer that breaks the rules, since senders
  // leave a set word alone.
  uint32_t word = control->senders_wait.load(std::memory_order_relaxed);
  if (ABSL_PREDICT_TRUE((word & 1) == 0)) return false;
  return control->senders_wait.compare_exchange_strong(word, word + 1, std::memory_order_relaxed);
}

// Announces that a sender sleeps for space. Returns the word to sleep on.
inline uint32_t AnnounceSenderWait(ControlBlock* control) {
  // Relaxed: ordered by the barrier that follows.
  return control->senders_wait.fetch_or(1, std::memory_order_relaxed) | 1;
}

// Announces that the receiver sleeps until `position`, which is claimed, is committed. Returns the
// word to sleep on.
inline uint32_t AnnounceReceiverWait(ControlBlock* control, Position position) {
  const uint32_t word = ReceiverWaitWord(position);
  // Relaxed: ordered by the barrier that follows.
  control->receiver_wait.store(word, std::memory_order_relaxed);
  return word;
}

// Announces that the receiver sleeps until something is claimed. REQUIRES: `announcement` is not 0,
// and was never used in this ring before.
inline void AnnounceClaimWait(ControlBlock* control, uint64_t announcement) {
  // Relaxed: ordered by the barrier that follows.
  control->claim_wait.store(announcement, std::memory_order_relaxed);
}

// Withdraws both announcements, when the receiver is awake again.
inline void WithdrawReceiverWait(ControlBlock* control) {
  // Relaxed, both: an unneeded wake is all that a late one costs.
  control->receiver_wait.store(0, std::memory_order_relaxed);
  control->claim_wait.store(0, std::memory_order_relaxed);
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_WAITING_H_
