// ReceiverCore: what a `Receiver` and its leases share: the lock, the consumer, and waiting for
// messages.
#ifndef IPMPSC_INTERNAL_RECEIVER_CORE_H_
#define IPMPSC_INTERNAL_RECEIVER_CORE_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/attach_options.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/adaptive_spin.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/ring/consumer.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/lease_window.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"

namespace ipmpsc::internal {

class ReceiverCore {
 public:
  // Errors: as `Receiver::Attach`.
  static absl::StatusOr<ReceiverCore*> Attach(const Channel& channel,
                                              const ReceiverOptions& options);

  // The usual case of `TryTake`: the next message is there. False: `TryTake` finds out why.
  bool TakeNow(TakenRecord* taken, uint64_t* ticket) {
    if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess() || !IsCurrent()) ||
        consumer_.Take(taken) != TakeResult::kTaken)
      return false;
    *ticket = leases_.Add(taken->position);
    ++burst_;
    return true;
  }

  // Takes the next message; it is leased until `Release(*ticket, ...)`.
  //
  // Errors: as `Receiver::TryReceive`.
  absl::Status TryTake(TakenRecord* taken, uint64_t* ticket);

  // Errors: as `Receiver::Receive`.
  absl::Status Take(Deadline deadline, TakenRecord* taken, uint64_t* ticket);

  void Release(uint64_t ticket, uint64_t payload_size) {
    const bool oldest_changed = leases_.Remove(ticket);
    // In a forked child the leases are the parent's to release.
    if (ABSL_PREDICT_TRUE(fork_guard_.InSameProcess())) {
      consumer_.CountReceived(1, payload_size);
      if (oldest_changed) ReleaseUnheld();
    }
    if (ABSL_PREDICT_FALSE(detached_) && leases_.empty()) delete this;
  }

  // The same, but the space may go back later, with `GiveBack` or with what follows; not where a
  // sender sleeps for it.
  void ReleaseLater(uint64_t ticket, uint64_t payload_size) {
    leases_.Remove(ticket);
    if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess())) return;
    consumer_.CountReceived(1, payload_size);
    if (consumer_.head() - consumer_.released() >= ring_.capacity / kSharesOfCapacity ||
        AreSendersWaiting(*ring_.control))
      ReleaseUnheld();
  }
  void GiveBack() {
    if (ABSL_PREDICT_TRUE(fork_guard_.InSameProcess())) ReleaseUnheld();
  }

  // The `Receiver` has gone. The last of it and its leases deletes the core.
  void Detach();

  const Channel& channel() const { return channel_; }

 private:
  // Space that is given back later is given back at the latest when it is this part of the capacity:
  // senders are not to wait for it.
  static constexpr uint64_t kSharesOfCapacity = 16;

  ReceiverCore(const Channel& channel, ParticipantLock lock, Position start,
               const ReceiverOptions& options);
  ~ReceiverCore();

  // Takes what is committed, if the ring looks as it should. kUnavailable: nothing is.
  absl::Status TakeCommitted(TakenRecord* taken, uint64_t* ticket);
  // Whether a poll that found nothing may look why, after the last time that it did.
  bool MayLookCloser();
  // Leaves the ring alone for a moment.
  void RestAfterBurst(Deadline deadline);
  // Nothing is committed at the head: finds out why. OK: something changed, look again.
  // kUnavailable: nothing is there (without text), or its living sender, who is named, is still
  // writing it.
  absl::Status LookCloser();
  // Nothing is claimed. Whether the channel has ended; as `LookCloser`.
  absl::Status LookForEnd();
  // Sleeps until the head may be committed, at most until `deadline`, or a while.
  void Sleep(Deadline deadline);
  // Whether no other receiver has taken over (which takes that this one has lost its lock).
  bool IsCurrent() const {
    // Relaxed: it changes only when this receiver has lost its lock, at some other time.
    return ring_.receiver_slot->epoch.load(std::memory_order_relaxed) == epoch_;
  }
  absl::Status Displaced() const;
  // Gives back what no lease holds any more.
  void ReleaseUnheld() {
    const Position end = leases_.empty() ? consumer_.head() : leases_.oldest();
    // What a successor looks at is not ours to give back.
    if (end == consumer_.released() || ABSL_PREDICT_FALSE(!IsCurrent())) return;
    consumer_.Release(end);
    WakeSenders();
  }
  // After a release, those that wait for space.
  void WakeSenders() {
    ControlBlock* const control = ring_.control;
    WakerBarrier(*control);
    if (ABSL_PREDICT_FALSE(MustWakeSenders(control))) FutexWakeAll(&control->senders_wait);
  }
  absl::Status CorruptRecord();

  const Channel channel_;
  const Ring ring_;
  ParticipantLock lock_;
  const ForkGuard fork_guard_;
  const bool end_without_senders_;
  bool seen_sender_ = false;    // for `end_without_senders_`
  uint64_t sender_owners_ = 0;  // in all slots, when it attached; as above
  const Position start_;
  const uint32_t epoch_;
  Consumer consumer_;
  LeaseWindow leases_;
  AdaptiveSpin spin_;
  int64_t next_look_ = 0;  // when `TryTake` may look closer again
  int64_t last_tick_ = 0;  // when it last looked at the clock
  uint32_t misses_ = 0;    // polls that found nothing
  int unowned_looks_ = 0;  // in a row
  uint32_t burst_ = 0;     // messages taken since `Take` last had to wait
  bool detached_ = false;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RECEIVER_CORE_H_
