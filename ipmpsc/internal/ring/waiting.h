// The announcements by which sleepers and wakers find each other, without the sleeping itself.
//
// All waits use one pattern. The sleeper announces its wait in a word, passes a barrier, and checks
// its condition once more. The waker changes the condition, passes a barrier, and looks at the
// word. With a full barrier on both sides, at least one of them sees the other. The waker's barrier
// is on the fast path, so it is only a compiler barrier. The sleeper makes up for it with
// `membarrier`, which makes every running participant pass a full barrier. If some participant
// cannot do that, it sets `kFlagFullBarrier`, and wakers run full barriers.
//
// The receiver sleeps in two ways. If nothing is claimed it announces `claim_wait` and sleeps on
// the claim word. A sender wakes it after its claim and before its commit, so the receiver sleeps
// through no commit. If a claim is unfinished it announces `receiver_wait` and sleeps for that
// commit, with a bound, since its sender may die.
#ifndef IPMPSC_INTERNAL_RING_WAITING_H_
#define IPMPSC_INTERNAL_RING_WAITING_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

// Returns the value of `receiver_wait` while the receiver sleeps until `position` is committed.
// Never 0. Two positions share a word only if they are 2^37 bytes apart. Then a wake is wasted, but
// none is missed.
constexpr uint32_t ReceiverWaitWord(Position position) {
  return static_cast<uint32_t>(position / kRecordAlignment) << 1 | 1;
}

// Whether wakers run full barriers in this ring.
inline bool HasFullBarriers(const ControlBlock& control) {
  // Relaxed: the flag is set before its participant does anything else. A waker that misses it for
  // a moment has started its own step before.
  return (control.flags.load(std::memory_order_relaxed) & kFlagFullBarrier) != 0;
}

// Called by a participant that cannot take part in the sleepers' barrier.
inline void RequireFullBarriers(ControlBlock* control) {
  // Relaxed: as above.
  control->flags.fetch_or(kFlagFullBarrier, std::memory_order_relaxed);
}

// The waker's barrier between its step and its look at a wait word.
inline void WakerBarrier(const ControlBlock& control) {
  if (ABSL_PREDICT_FALSE(HasFullBarriers(control))) {
    // [wake] seq_cst; pairs with [sleep] seq_cst: either the sleeper sees the waker's step, or the
    // waker sees its word here.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } else {
    // [wake] signal fence; pairs with [sleep] membarrier: it makes the processor order this when a
    // participant goes to sleep.
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

// Returns the number of the announcement of a receiver that sleeps until a record is claimed, or 0.
// Called by a sender after its claim and `WakerBarrier`.
inline uint64_t ClaimWaitAnnounced(const ControlBlock& control) {
  // Relaxed: ordered by the barrier.
  return control.claim_wait.load(std::memory_order_relaxed);
}

// Takes back the announcement that a sender has answered with a wake. A later announcement stays:
// numbers never repeat, so a late sender cannot take back one that it has not answered.
inline void AnswerClaimWait(ControlBlock* control, uint64_t announcement) {
  // Relaxed: if it is missed, the next sender wakes once more.
  control->claim_wait.compare_exchange_strong(announcement, 0, std::memory_order_relaxed);
}

// Whether a sender must wake the receiver. Called after the commit at `position` and
// `WakerBarrier`.
inline bool MustWakeReceiver(ControlBlock* control, Position position) {
  // Relaxed: ordered by the barrier.
  if (ABSL_PREDICT_TRUE(control->receiver_wait.load(std::memory_order_relaxed) !=
                        ReceiverWaitWord(position)))
    return false;
  // Relaxed: the word is only a hint whether to sleep. The receiver checks the stamp.
  control->receiver_wait.store(0, std::memory_order_relaxed);
  return true;
}

// Whether the receiver waits at all. Called after `WakerBarrier` by a participant that changed its
// condition without a claim or commit (a sender that detaches). The words stay, so the receiver
// checks again and sleeps again for the same event.
inline bool IsReceiverWaiting(const ControlBlock& control) {
  // Relaxed, both: ordered by the barrier.
  return control.receiver_wait.load(std::memory_order_relaxed) != 0 ||
         control.claim_wait.load(std::memory_order_relaxed) != 0;
}

// Whether some sender sleeps or is about to. Called by the receiver before a release that it may
// defer.
inline bool AreSendersWaiting(const ControlBlock& control) {
  // Relaxed: a missed sender is seen with the next message, or checks again by itself.
  return (control.senders_wait.load(std::memory_order_relaxed) & 1) != 0;
}

// Whether the receiver must wake the senders. Called after a release and `WakerBarrier`.
inline bool MustWakeSenders(ControlBlock* control) {
  // Relaxed, both: as above. The CAS loses only to a peer that breaks the rules, since senders do
  // not change a set word.
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

// Announces that the receiver sleeps until a record is claimed. REQUIRES: `announcement` is not 0
// and was never used in this ring before.
inline void AnnounceClaimWait(ControlBlock* control, uint64_t announcement) {
  // Relaxed: ordered by the barrier that follows.
  control->claim_wait.store(announcement, std::memory_order_relaxed);
}

// Withdraws both announcements when the receiver is awake again.
inline void WithdrawReceiverWait(ControlBlock* control) {
  // Relaxed, both: a late store costs only an unneeded wake.
  control->receiver_wait.store(0, std::memory_order_relaxed);
  control->claim_wait.store(0, std::memory_order_relaxed);
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_WAITING_H_
