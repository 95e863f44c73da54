#include "ipmpsc/internal/endpoint/receiver_core.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/endpoint/errors.h"
#include "ipmpsc/internal/endpoint/participant.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/internal/os/sleeper_barrier.h"
#include "ipmpsc/internal/ring/spin_pause.h"
#include "ipmpsc/internal/ring/tuning.h"

namespace ipmpsc::internal {
namespace {

// How many checks in a row may find claimed bytes without an owner. The protocol leaves none. One
// more check is cheap, and giving up a channel in error is not.
constexpr int kMostUnownedLooks = 3;

// Rate limits for `TryTake`. At most one liveness scan per interval (nanoseconds), since it takes a
// cache line from the senders. One look at the clock per this many polls, or per tick of the
// kernel.
constexpr int64_t kStallScanInterval = 100'000;
constexpr uint32_t kMissesPerClock = 32;

// The time in nanoseconds after which a scan ends without a verdict. A query to the kernel takes
// time in proportion to the locks of the file, and peers decide how many there are.
constexpr int64_t kStallScanBudget = 4'000'000;

// How often a receiver that waits to take over tries it.
constexpr int64_t kTakeOverInterval = 4'000'000;

// Returns how many senders have ever attached.
uint64_t SenderOwners(const Ring& ring) {
  uint64_t owners = 0;
  for (uint32_t slot = 0; slot < ring.sender_slot_count; ++slot) {
    // Relaxed: the next check corrects an old value.
    owners += ring.sender_slots[slot].incarnation.load(std::memory_order_relaxed);
  }
  return owners;
}

}  // namespace

absl::StatusOr<LocalRef<ReceiverCore>> ReceiverCore::Attach(std::shared_ptr<Segment> segment,
                                                            const ReceiverOptions& options) {
  const Ring& ring = segment->ring();
  std::optional<ParticipantLock> lock;
  // The first try reports all errors of an attempt. Later tries ask whether a receiver lives first.
  for (bool first = true;; first = false) {
    const absl::Status complete = segment->CheckFileSize();
    if (!complete.ok()) return complete;
    const absl::StatusOr<bool> held = segment->HasReceiver();
    if (!held.ok()) return held.status();
    if (first || !*held) {
      absl::StatusOr<std::optional<ParticipantLock>> locked =
          ParticipantLock::TryLock(segment->file(), ParticipantLock::kReceiver);
      if (!locked.ok()) return locked.status();
      if (locked->has_value()) {
        lock.emplace(**std::move(locked));
        break;
      }
    }
    if (options.deadline.Passed()) {
      return ChannelError(
          absl::StatusCode::kAlreadyExists, *segment,
          absl::StrCat("the channel has a receiver already: ", DescribeOwner(*ring.receiver_slot),
                       "; end it, or wait for its end with "
                       "ReceiverOptions::deadline"));
    }
    SleepUntil(std::min(MonotonicNow() + kTakeOverInterval, options.deadline.nanoseconds()));
  }
  // Before the load of the release position: a receiver that has lost its lock without noticing
  // does not move it any more. Relaxed, both: only the lock's holder writes it.
  std::atomic<uint32_t>& epoch = ring.receiver_slot->epoch;
  epoch.store(epoch.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  // Relaxed, both: the lock comes after everything that the last receiver did. The oldest claim
  // position that can be read here is not behind the release position.
  const Position released = ring.control->release_position.load(std::memory_order_relaxed);
  const ClaimWord word = ring.control->claim_word.load(std::memory_order_relaxed);
  const uint64_t in_use = ClaimPosition(word) - released;
  if (!IsAligned(released) || !IsValidClaimWord(word) || in_use > ring.capacity) {
    return CorruptPositions(*segment);
  }
  AddToOwnCounter(&ring.receiver_slot->redelivered_bytes, in_use);
  if (!JoinSleeperBarrier()) RequireFullBarriers(ring.control);
  return LocalRef<ReceiverCore>(new ReceiverCore(std::move(segment), *std::move(lock), released,
                                                 ClaimPosition(word), options));
}

ReceiverCore::ReceiverCore(std::shared_ptr<Segment> segment, ParticipantLock lock, Position start,
                           Position claimed, const ReceiverOptions& options)
    : segment_(std::move(segment)),
      ring_(segment_->ring()),
      lock_(std::move(lock)),
      end_without_senders_(options.end_without_senders),
      require_path_(options.require_path),
      // A backlog that is passed over is no sign of a sender.
      start_(options.start == ReceiverStart::kNow ? claimed : start),
      // Relaxed: this receiver has written it.
      epoch_(ring_.receiver_slot->epoch.load(std::memory_order_relaxed)),
      // The epoch distinguishes the numbers from those of other receivers of this channel.
      announcement_(uint64_t{epoch_} << 40),
      consumer_(ring_, start),
      leases_(options.start != ReceiverStart::kNow),
      skips_backlog_(options.start == ReceiverStart::kNow),
      backlog_end_(claimed),
      burst_begin_(start) {
  // The last receiver may have left announcements.
  WithdrawReceiverWait(ring_.control);
  WriteOwner(ring_.receiver_slot, options.name);
  if (end_without_senders_) {
    seen_sender_ = segment_->HasSender().value_or(true);
    sender_owners_ = SenderOwners(ring_);
  }
  // Gives the space back at once. Claims that are open now are passed over when they are committed.
  if (skips_backlog_) SkipBacklog();
}

ReceiverCore::~ReceiverCore() {
  if (!fork_guard_.InSameProcess() || !IsCurrent()) return;
  ClearOwner(ring_.receiver_slot);
  lock_.Unlock();
  // Senders that require a receiver may wait for space.
  WakeSenders();
}

absl::Status ReceiverCore::Displaced() const {
  return ChannelError(absl::StatusCode::kFailedPrecondition, *segment_,
                      absl::StrCat("this receiver has lost its lock and was replaced by ",
                                   DescribeOwner(*ring_.receiver_slot), ": attach anew"));
}

ReceiverCore::Taken ReceiverCore::TakeCommitted(TakenRecord* taken) {
  if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess())) {
    return FailToTake(InheritedThroughFork(*segment_));
  }
  if (ABSL_PREDICT_FALSE(!IsCurrent())) return FailToTake(Displaced());
  TakeResult result = TakeResult::kTaken;
  if (ABSL_PREDICT_FALSE(skips_backlog_)) result = SkipBacklog();
  if (ABSL_PREDICT_TRUE(result == TakeResult::kTaken)) result = consumer_.Take(taken);
  switch (result) {
    case TakeResult::kTaken:
      return Taken::kMessage;
    case TakeResult::kNone:
      return Taken::kNothing;
    case TakeResult::kCorrupt:
      break;
  }
  return FailToTake(CorruptRecord());
}

absl::Status ReceiverCore::StatusOf(Taken taken) const {
  switch (taken) {
    case Taken::kMessage:
      return absl::OkStatus();
    case Taken::kNothing:
      // Without a text, which would allocate.
      return absl::Status(absl::StatusCode::kUnavailable, "");
    case Taken::kFailed:
      break;
  }
  return failure_;
}

uint64_t ReceiverCore::Dropped() const {
  uint64_t dropped = 0;
  for (uint32_t slot = 0; slot < ring_.sender_slot_count; ++slot) {
    // Relaxed: diagnostics only.
    dropped += ring_.sender_slots[slot].dropped_records.load(std::memory_order_relaxed);
  }
  return dropped;
}

void ReceiverCore::CountSkipped(uint64_t records, uint64_t bytes) {
  skipped_records_ += records;
  skipped_bytes_ += bytes;
  consumer_.CountReceived(records, bytes);
  AddToOwnCounter(&ring_.receiver_slot->skipped_records, records);
}

TakeResult ReceiverCore::SkipBacklog() {
  uint64_t records = 0;
  uint64_t bytes = 0;
  const TakeResult result = consumer_.StepOver(backlog_end_, &records, &bytes);
  if (records != 0) CountSkipped(records, bytes);
  ReleaseUnheld();
  if (result == TakeResult::kTaken) {
    leases_.MakeRoom(2);
    skips_backlog_ = false;
  }
  return result;
}

void ReceiverCore::SkipToLatest(TakenRecord* taken, uint64_t* ticket) {
  // A call ends at the claim position of its beginning, so that it ends even if senders keep up
  // with it. Relaxed: only a bound.
  const Position claimed = ClaimPosition(ring_.control->claim_word.load(std::memory_order_relaxed));
  uint64_t records = 0;
  uint64_t bytes = 0;
  bool may_resolve = true;
  while (IsBefore(consumer_.head(), claimed)) {
    TakenRecord next;
    const TakeResult result = consumer_.Take(&next);
    if (result == TakeResult::kTaken) {
      ++records;
      bytes += taken->length;
      *taken = next;
    } else if (result == TakeResult::kCorrupt) {
      break;  // the next call returns the error
    } else if (!consumer_.HasCommitted()) {
      // Steps over one orphan at most, as `TryTake` does.
      if (!may_resolve || !ShouldResolveStall() || ResolveStall() != Look::kChanged) break;
      may_resolve = false;
    }
  }
  if (records == 0) return;
  // The old lease protects all of them until the new one exists.
  const uint64_t oldest = *ticket;
  *ticket = leases_.Add(taken->position);
  CountSkipped(records, bytes);
  if (leases_.Remove(oldest)) ReleaseUnheld();
}

absl::Status ReceiverCore::TryTakeUnleased(TakenRecord* taken) {
  const Taken result = TakeCommitted(taken);
  if (ABSL_PREDICT_TRUE(result != Taken::kNothing)) return StatusOf(result);
  EndBurst();
  if (!ShouldResolveStall()) return StatusOf(result);
  switch (ResolveStall()) {
    case Look::kChanged:
      // More orphans may follow this one: the next poll checks at once.
      last_tick_ = next_stall_scan_ = 0;
      return StatusOf(TakeCommitted(taken));
    case Look::kWriting:
      return ChannelError(absl::StatusCode::kUnavailable, *segment_, DescribeWriter());
    case Look::kFailed:
      // The next call returns the same error.
      last_tick_ = next_stall_scan_ = 0;
      return failure_;
    case Look::kNothing:
    case Look::kUndecided:
      break;
  }
  return StatusOf(result);
}

absl::Status ReceiverCore::TryTake(TakenRecord* taken, uint64_t* ticket) {
  MakeRoom(1);
  const absl::Status status = TryTakeUnleased(taken);
  if (status.ok()) *ticket = leases_.Add(taken->position);
  return status;
}

absl::Status ReceiverCore::TryTakeLatest(TakenRecord* taken, uint64_t* ticket) {
  MakeRoom(2);
  const absl::Status status = TryTake(taken, ticket);
  if (status.ok()) SkipToLatest(taken, ticket);
  return status;
}

absl::Status ReceiverCore::TakeLatest(Deadline deadline, TakenRecord* taken, uint64_t* ticket) {
  MakeRoom(2);
  const absl::Status status = Take(deadline, taken, ticket);
  if (status.ok()) SkipToLatest(taken, ticket);
  return status;
}

bool ReceiverCore::ShouldResolveStall() {
  const MonotonicNanos tick = MonotonicTick();
  if (tick == last_tick_ && ++misses_ % kMissesPerClock != 0) return false;
  last_tick_ = tick;
  const MonotonicNanos now = MonotonicNow();
  if (now < next_stall_scan_) return false;
  next_stall_scan_ = now + kStallScanInterval;
  return true;
}

void ReceiverCore::BackOffAfterBurst(Deadline deadline) {
  const int64_t backoff =
      burst_was_long_ ? tuning::kBurstBackoffOfLongRecords : tuning::kBurstBackoff;
  const MonotonicNanos end = std::min(MonotonicNow() + backoff, deadline.nanoseconds());
  do {
    for (int i = 0; i < 8; ++i) SpinPause();
  } while (MonotonicNow() < end);
}

absl::Status ReceiverCore::Take(Deadline deadline, TakenRecord* taken, uint64_t* ticket) {
  MakeRoom(1);
  EndBurst();
  if (backoff_due_) BackOffAfterBurst(deadline);
  backoff_due_ = false;
  MonotonicNanos begin = 0;  // of the wait
  for (bool last_look = false;;) {
    const Taken result = TakeCommitted(taken);
    if (ABSL_PREDICT_TRUE(result == Taken::kMessage)) *ticket = leases_.Add(taken->position);
    if (ABSL_PREDICT_TRUE(result != Taken::kNothing)) return StatusOf(result);
    const bool passed = deadline.Passed();
    Look look = Look::kUndecided;
    if (!passed) {
      if (begin == 0) begin = MonotonicNow();
      if (spin_.Until([this] { return consumer_.HasCommitted(); }, deadline.nanoseconds()))
        continue;
      look = ResolveStall();
    } else if (!last_look) {
      // Makes progress by one orphan for each call, also for a program that only passes deadlines
      // in the past.
      last_look = true;
      look = ResolveStall();
    }
    if (look == Look::kChanged) continue;
    if (look == Look::kFailed) return failure_;
    if (passed) {
      // A caller that polls gets no text, which would allocate, unless there is a writer to name.
      if (begin == 0 && look != Look::kWriting) {
        return absl::Status(absl::StatusCode::kDeadlineExceeded, "");
      }
      return NothingCame(*segment_, begin == 0 ? 0 : MonotonicNow() - begin,
                         look == Look::kWriting ? DescribeWriter() : "");
    }
    if (ABSL_PREDICT_FALSE(interrupt_.Consume())) return Interrupted(*segment_);
    Sleep(look, deadline);
    spin_.Slept(consumer_.HasCommitted());
  }
}

absl::StatusOr<size_t> ReceiverCore::Drain(absl::FunctionRef<bool(const Record&)> handler,
                                           size_t max_records) {
  if (max_records == 0) return 0;
  // A call ends at the claim position of its beginning, so that it ends even if senders keep up
  // with it. A bound of the caller suffices as well, and takes no cache line from the senders.
  const bool bounded_by_claim = max_records == std::numeric_limits<size_t>::max();
  // Relaxed: only a bound.
  const Position claimed =
      bounded_by_claim ? ClaimPosition(ring_.control->claim_word.load(std::memory_order_relaxed))
                       : 0;

  // Holds the current record, and the handled ones before it until they are released together: each
  // release takes a cache line from the senders that wait for it. Also if the handler throws.
  class Hold {
   public:
    explicit Hold(ReceiverCore* core) : core_(core), outermost_(!core->is_draining_) {}
    ~Hold() {
      if (outermost_) core_->is_draining_ = false;
      Release();
    }

    void Begin(const TakenRecord& taken) {
      ++records_;
      bytes_ += taken.length;
      // The current record of the outer call protects those of the inner ones.
      if (outermost_) Protect(taken.position);
    }
    // Marks the record as handled.
    void End(const TakenRecord& taken) {
      if (++core_->burst_ > tuning::kBurst)
        core_->consumer_.PrepareLines(taken.position, taken.length);
      if (ABSL_PREDICT_FALSE(records_ == tuning::kMostReleasedTogether ||
                             core_->consumer_.head() - core_->consumer_.released() >=
                                 core_->ring_.capacity / tuning::kReleaseShares ||
                             AreSendersWaiting(*core_->ring_.control))) {
        if (outermost_) Protect(core_->consumer_.head());
        Release();
      }
    }

   private:
    // Keeps the records from `position` on from being released.
    void Protect(Position position) {
      core_->is_draining_ = true;
      core_->drained_ = position;
    }
    // In a child that the handler has forked, the handled records are the parent's to release.
    void Release() {
      if (records_ != 0 && ABSL_PREDICT_TRUE(core_->fork_guard_.InSameProcess())) {
        core_->consumer_.CountReceived(records_, bytes_);
        core_->ReleaseUnheld();
      }
      records_ = bytes_ = 0;
    }

    ReceiverCore* const core_;
    const bool outermost_;
    uint64_t records_ = 0;
    uint64_t bytes_ = 0;
  };

  Hold hold(this);
  size_t count = 0;
  bool skips_backlog = skips_backlog_;  // until the first message behind it
  while (count < max_records) {
    TakenRecord taken;
    if (ABSL_PREDICT_FALSE(skips_backlog || !fork_guard_.InSameProcess() || !IsCurrent()) ||
        consumer_.Take(&taken) != TakeResult::kTaken) {
      // The next call finds out why there are no more.
      if (count > 0) break;
      TakenRecord first;  // One whose address is passed on would not stay in registers.
      const absl::Status status = TryTakeUnleased(&first);
      if (!status.ok()) return status;
      taken = first;
      skips_backlog = false;
    }
    hold.Begin(taken);
    const bool go_on = handler(RecordOf(taken));
    // In a child that the handler has forked, the record is the parent's.
    if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess())) return count + 1;
    hold.End(taken);
    ++count;
    if (ABSL_PREDICT_FALSE(!go_on || detached_) ||
        (bounded_by_claim && !IsBefore(consumer_.head(), claimed)))
      break;
  }
  return count;
}

ReceiverCore::Look ReceiverCore::ResolveStall() {
  // Discarded and orphaned records have no lease that would release them.
  if (leases_.empty()) ReleaseUnheld();
  const MonotonicNanos budget_end = MonotonicNow() + kStallScanBudget;
  absl::Status refused;
  int questions = 0;
  const Scan scan = consumer_.Recover([&](uint16_t slot) {
    if (questions++ > 0 && MonotonicNow() >= budget_end) return OwnerState::kUnknown;
    const absl::StatusOr<bool> held = segment_->IsAnyHeld(ParticipantLock::OfSender(slot), 1);
    if (!held.ok()) {
      refused = held.status();
      return OwnerState::kUnknown;
    }
    return *held ? OwnerState::kAlive : OwnerState::kDead;
  });
  // A look that ran out of time says nothing of the looks before it at the same position. Looks at
  // another position do not count: a message may have been taken since without a scan.
  if ((scan.result != ScanResult::kUnowned && scan.result != ScanResult::kUndecided) ||
      unowned_position_ != consumer_.head()) {
    unowned_looks_ = 0;
    unowned_position_ = consumer_.head();
  }
  switch (scan.result) {
    case ScanResult::kCommitted:
      return Look::kChanged;
    case ScanResult::kOrphaned:
      if (leases_.empty()) ReleaseUnheld();
      return Look::kChanged;
    case ScanResult::kOwnerAlive:
      writer_ = scan.slot;
      return Look::kWriting;
    case ScanResult::kUnclaimed:
      return ResolveUnclaimed(scan.claim_word);
    case ScanResult::kUndecided:
      if (!refused.ok()) return Fail(std::move(refused));
      break;
    case ScanResult::kUnowned:
      if (unowned_looks_ < kMostUnownedLooks) ++unowned_looks_;
      break;
  }
  if (unowned_looks_ < kMostUnownedLooks) return Look::kUndecided;
  // Relaxed: diagnostics only.
  return Fail(ChannelError(
      absl::StatusCode::kDataLoss, *segment_,
      absl::StrCat(
          "the channel is damaged: no sender owns the bytes that are claimed from position ",
          consumer_.head(), " on (claim word ",
          ring_.control->claim_word.load(std::memory_order_relaxed), "); replace the channel")));
}

ReceiverCore::Look ReceiverCore::ResolveUnclaimed(ClaimWord word) {
  // A claim word that shows that nothing is claimed also shows the end: no claim comes after it.
  if (HasEnded(word)) return Fail(EndedForReceiver(*segment_, word));
  bool gone = false;
  if (ABSL_PREDICT_FALSE(end_without_senders_)) {
    if (!seen_sender_) {
      seen_sender_ = consumer_.head() != start_ || SenderOwners(ring_) != sender_owners_;
    }
    if (seen_sender_) {
      const absl::StatusOr<bool> has_sender = segment_->HasSender();
      if (!has_sender.ok()) return Fail(has_sender.status());
      gone = !*has_sender;
    }
  }
  const bool moved = require_path_ && segment_->IsGoneFromPath();
  if (ABSL_PREDICT_TRUE(!gone && !moved)) {
    unclaimed_word_ = word;
    return Look::kNothing;
  }
  // A sender may have claimed after the check that found nothing, before it went.
  // [claimed] acquire; pairs with [claim] release: intent before claim.
  if (ClaimPosition(ring_.control->claim_word.load(std::memory_order_acquire)) != consumer_.head())
    return Look::kChanged;
  if (moved) return Fail(GoneFromItsPath(*segment_));
  return Fail(ChannelError(absl::StatusCode::kOutOfRange, *segment_,
                           "all senders are gone and all messages have been received"));
}

std::string ReceiverCore::DescribeWriter() const {
  return absl::StrCat(DescribeOwner(ring_.sender_slots[writer_], writer_), " has claimed position ",
                      consumer_.head(), " and not committed it yet");
}

void ReceiverCore::Sleep(Look look, Deadline deadline) {
  // A set's watch of the same word would take the wake.
  if (ABSL_PREDICT_FALSE(hook() != nullptr)) hook()->OnOwnSleep(this);
  look_ = look;
  const Announcement announced = Announce();
  SleeperBarrier(/*full_barriers=*/!announced.needs_membarrier);
  if (IsStillNothing()) {
    FutexWaitUnless(announced.word, announced.expected, interrupt_.word(),
                    std::min(deadline.nanoseconds(), MonotonicNow() + announced.longest));
  }
  WithdrawReceiverWait(ring_.control);
}

absl::Status ReceiverCore::CorruptRecord() {
  const RecordHeader* header = ring_.HeaderAt(consumer_.head());
  // Relaxed: diagnostics only.
  return ChannelError(
      absl::StatusCode::kDataLoss, *segment_,
      absl::StrCat("the channel is damaged: the record at position ", consumer_.head(),
                   " has an invalid header: 0x",
                   absl::Hex(header->description.load(std::memory_order_relaxed), absl::kZeroPad16),
                   "; replace the channel"));
}

}  // namespace ipmpsc::internal
