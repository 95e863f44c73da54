// ReceiverCore: the shared state of a `Receiver` and its leases: the lock, the consumer, and
// waiting for messages.
#ifndef IPMPSC_INTERNAL_ENDPOINT_RECEIVER_CORE_H_
#define IPMPSC_INTERNAL_ENDPOINT_RECEIVER_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/endpoint/adaptive_spin.h"
#include "ipmpsc/internal/endpoint/arming.h"
#include "ipmpsc/internal/endpoint/local_ref.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/ring/consumer.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/lease_window.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/tuning.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/record.h"

namespace ipmpsc::internal {

inline Record RecordOf(const TakenRecord& taken) {
  return {absl::string_view(taken.payload, taken.length), taken.position, taken.sender,
          taken.trailer.committed, taken.trailer.sequence};
}

class ReceiverCore final : public LocalRefCounted, public Waitable {
 public:
  // Errors: as `Receiver::Attach`.
  static absl::StatusOr<LocalRef<ReceiverCore>> Attach(std::shared_ptr<Segment> segment,
                                                       const ReceiverOptions& options);
  ~ReceiverCore();

  // The fast path of `TryTake`: the next message is there. False: `TryTake` finds out why.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool TryFastTake(TakenRecord* taken, uint64_t* ticket) {
    if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess() || !IsCurrent() || leases_.full()) ||
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

  // As `TryTake` and `Take`, and then takes the newest committed message instead. Releases those
  // before it, which `skipped()` counts.
  //
  // Errors: as `Receiver::TryReceiveLatest` and `Receiver::ReceiveLatest`.
  absl::Status TryTakeLatest(TakenRecord* taken, uint64_t* ticket);
  absl::Status TakeLatest(Deadline deadline, TakenRecord* taken, uint64_t* ticket);

  // Messages that senders have dropped, by the counters of all slots.
  uint64_t Dropped() const;

  // Messages that were passed over for newer ones, and their bytes of payload.
  uint64_t skipped_records() const { return skipped_records_; }
  uint64_t skipped_bytes() const { return skipped_bytes_; }

  // Calls `handler` for each message until it returns false. `this` may lose its `Receiver` in
  // `handler`, so the caller holds a reference.
  //
  // Errors: as `Receiver::Drain`.
  absl::StatusOr<size_t> Drain(absl::FunctionRef<bool(const Record&)> handler, size_t max_records);

  void Release(uint64_t ticket, uint64_t payload_size) {
    const Position position = leases_.position(ticket);
    const bool oldest_changed = leases_.Remove(ticket);
    // In a forked child the leases belong to the parent.
    if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess())) return;
    if (burst_ > tuning::kBurst) {
      consumer_.PrepareLines(position, static_cast<uint32_t>(payload_size));
    }
    consumer_.CountReceived(1, payload_size);
    if (oldest_changed) ReleaseUnheld();
  }

  // The `Receiver` is gone: a running `Drain` ends after its current record.
  void SetDetached() {
    detached_ = true;
    if (hook() != nullptr) hook()->OnDetach(this);
  }

  // Ends the sleep of `Take`, or of the next call that sleeps. Safe in any thread and in signal
  // handlers.
  void Interrupt() { interrupt_.Set(); }

  // For the wait set; arming.cc.
  Readiness Check() override;
  Readiness Resolve() override;
  bool HasCome() const override;
  Announcement Announce() override;
  bool IsStillNothing() override;
  void Withdraw() override;
  void Leave() override;
  Position announced_position() const override;
  bool InSameProcess() const override { return fork_guard_.InSameProcess(); }
  std::string Description() const override;

 private:
  // The result of `ResolveStall`.
  enum class Look {
    kChanged,  // take again
    kNothing,  // nothing is claimed
    kWriting,  // something is claimed, and its living sender is still writing it
    kUndecided,
    kFailed,  // `failure_` has the error: the end, damage
  };

  // The result of `TakeCommitted`.
  enum class Taken {
    kMessage,
    kNothing,  // no message is committed at the head
    kFailed,   // `failure_` has the error
  };

  ReceiverCore(std::shared_ptr<Segment> segment, ParticipantLock lock, Position start,
               Position claimed, const ReceiverOptions& options);

  // Takes the committed message at the head.
  Taken TakeCommitted(TakenRecord* taken);
  // kUnavailable: nothing.
  absl::Status StatusOf(Taken taken) const;
  // Passes over the messages that were claimed before a receiver with `ReceiverStart::kNow`
  // attached, as far as they are committed.
  // kTaken: it has passed over all of them. kNone: one of them is not committed yet.
  TakeResult SkipBacklog();
  // Whether `TakeCommitted` finds a message or damage. Passes over the backlog first, so that a
  // wait set does not report messages that no call returns.
  bool HasResult();
  // Makes room for leases, except while it skips the backlog.
  void MakeRoom(size_t count) {
    if (ABSL_PREDICT_TRUE(!skips_backlog_)) leases_.MakeRoom(count);
  }
  // Replaces the lease `*ticket` on `*taken` by one on the newest message that is committed and was
  // claimed before the call. REQUIRES: room for a lease.
  void SkipToLatest(TakenRecord* taken, uint64_t* ticket);
  // Counts messages that were passed over. They count as received, too.
  void CountSkipped(uint64_t records, uint64_t bytes);
  // `TryTake` without the lease.
  absl::Status TryTakeUnleased(TakenRecord* taken);
  // Whether a poll that found nothing may find out why: at most one liveness scan per interval.
  bool ShouldResolveStall();
  // Notes that a look found no message.
  void EndBurst() {
    if (burst_ >= tuning::kBurst) {
      backoff_due_ = true;
      burst_was_long_ = consumer_.head() - burst_begin_ > burst_ * tuning::kFlushLongestRecord;
    }
    burst_ = 0;
    burst_begin_ = consumer_.head();
  }
  // Does not touch the ring for a moment.
  void BackOffAfterBurst(Deadline deadline);
  // Finds out in bounded time why nothing is committed at the head.
  Look ResolveStall();
  Look ResolveUnclaimed(ClaimWord word);
  Look Fail(absl::Status status) {
    failure_ = std::move(status);
    return Look::kFailed;
  }
  Taken FailToTake(absl::Status status) {
    failure_ = std::move(status);
    return Taken::kFailed;
  }
  // Describes the sender that is writing, for an error.
  std::string DescribeWriter() const;
  // Sleeps after `ResolveStall` found no message, at most until `deadline` or for a bounded time.
  void Sleep(Look look, Deadline deadline);
  // Whether no other receiver has taken over, which can happen only after this one lost its lock.
  bool IsCurrent() const {
    // Relaxed: it changes only after this receiver has lost its lock, at an unrelated time.
    return ring_.receiver_slot->epoch.load(std::memory_order_relaxed) == epoch_;
  }
  absl::Status Displaced() const;
  // Releases all records that neither a lease nor a handler holds.
  void ReleaseUnheld() {
    Position end = leases_.empty() ? consumer_.head() : leases_.oldest();
    if (is_draining_ && IsBefore(drained_, end)) end = drained_;
    // A displaced receiver must not release: its successor reads these records.
    if (end == consumer_.released() || ABSL_PREDICT_FALSE(!IsCurrent())) return;
    consumer_.Release(end);
    WakeSenders();
  }
  // Wakes the senders that wait for space, after a release.
  void WakeSenders() {
    ControlBlock* const control = ring_.control;
    WakerBarrier(*control);
    if (ABSL_PREDICT_FALSE(MustWakeSenders(control))) FutexWakeAll(&control->senders_wait);
  }
  absl::Status CorruptRecord();

  const std::shared_ptr<Segment> segment_;
  const Ring ring_;
  ParticipantLock lock_;
  const ForkGuard fork_guard_;
  const bool end_without_senders_;
  const bool require_path_;
  bool seen_sender_ = false;    // for `end_without_senders_`
  uint64_t sender_owners_ = 0;  // in all slots, when it attached; as above
  const Position start_;
  const uint32_t epoch_;
  uint64_t announcement_;  // of the last sleep on the claim word
  Consumer consumer_;
  // Without room while `skips_backlog_`, so that `TryFastTake` leaves the backlog to the slow path
  // and checks nothing for it.
  LeaseWindow leases_;
  bool skips_backlog_;        // messages before `backlog_end_` are passed over
  Position backlog_end_ = 0;  // the claim position when it attached
  uint64_t skipped_records_ = 0;
  uint64_t skipped_bytes_ = 0;
  bool is_draining_ = false;
  Position drained_ = 0;  // the oldest record that `Drain` holds
  AdaptiveSpin spin_;
  MonotonicNanos next_stall_scan_ = 0;  // when `TryTake` may call `ResolveStall` again
  MonotonicNanos last_tick_ = 0;        // when it last looked at the clock
  uint32_t misses_ = 0;                 // polls that found nothing
  int unowned_looks_ = 0;               // in a row, at `unowned_position_`
  Position unowned_position_ = 0;
  uint32_t burst_ = 0;            // messages taken since a look last found none
  Position burst_begin_;          // of the burst
  bool backoff_due_ = false;      // a burst has ended since `Take` last had to wait
  bool burst_was_long_ = false;   // its records were long on average
  uint16_t writer_ = 0;           // of the last `Look::kWriting`
  ClaimWord unclaimed_word_ = 0;  // of the last `Look::kNothing`
  absl::Status failure_;          // of the last `kFailed`
  bool detached_ = false;
  Look look_ = Look::kNothing;   // that `Announce` goes by
  Position announced_head_ = 0;  // of the last announcement
  InterruptFlag interrupt_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_RECEIVER_CORE_H_
