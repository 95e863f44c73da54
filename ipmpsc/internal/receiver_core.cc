#include "ipmpsc/internal/receiver_core.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/monotonic_clock.h"
#include "ipmpsc/internal/os/sleeper_barrier.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/internal/status_texts.h"

namespace ipmpsc::internal {
namespace {

// How long the receiver sleeps at most, in nanoseconds. A sender may die between its commit and its
// wake, so it looks again by itself; sooner while somebody is writing, since that one may die.
constexpr int64_t kLongestSleepUnfinished = 10'000'000;
constexpr int64_t kLongestSleepIdle = 100'000'000;

// How many closer looks in a row may find claimed bytes without an owner. The protocol leaves none;
// one more look costs nothing, and a channel that is given up in error costs much.
constexpr int kMostUnownedLooks = 3;

// Who polls with `TryTake` pays for a closer look (which takes a cache line from the senders) at
// most so often, in nanoseconds; and for a look at the clock once in so many polls, or in a tick of
// the kernel.
constexpr int64_t kLookInterval = 100'000;
constexpr uint32_t kMissesPerClock = 32;

// So many messages in a row are a burst. Whoever has received one comes back after a rest, in
// nanoseconds, in which its senders write the next messages undisturbed: to look all the time at the
// line that a sender is writing takes it away from it, once or twice for each message.
constexpr uint32_t kBurst = 4;
constexpr int64_t kRest = 1'000;

// How often who waits to take over tries to.
constexpr absl::Duration kTakeOverInterval = absl::Milliseconds(4);

absl::Status NoneNow() { return absl::Status(absl::StatusCode::kUnavailable, ""); }

// How many senders have ever attached.
uint64_t SenderOwners(const Ring& ring) {
  uint64_t owners = 0;
  for (uint32_t slot = 0; slot < ring.sender_slot_count; ++slot) {
    // Relaxed: an old value is corrected by the next look.
    owners += ring.sender_slots[slot].owners.load(std::memory_order_relaxed);
  }
  return owners;
}

}  // namespace

absl::StatusOr<ReceiverCore*> ReceiverCore::Attach(const Channel& channel,
                                                   const ReceiverOptions& options) {
  const Ring& ring = channel.segment()->ring();
  absl::StatusOr<ParticipantLock> lock = ParticipantLock::Open(channel.fd());
  if (!lock.ok()) return lock.status();
  for (;;) {
    const absl::Status complete = channel.segment()->CheckFileSize();
    if (!complete.ok()) return complete;
    const absl::StatusOr<bool> locked = lock->TryLock(ParticipantLock::kReceiver);
    if (!locked.ok()) return locked.status();
    if (*locked) break;
    if (options.deadline.Passed()) {
      // Relaxed: for people.
      return absl::AlreadyExistsError(
          absl::StrCat("the channel has a receiver: process ",
                       ring.receiver_slot->pid.load(std::memory_order_relaxed)));
    }
    absl::SleepFor(std::min(kTakeOverInterval,
                            absl::Nanoseconds(options.deadline.nanoseconds() - MonotonicNow())));
  }
  // Before the release position is looked at: a receiver that has lost its lock without noticing
  // does not move it from here on.
  // Relaxed, both: only the lock's holder writes it.
  std::atomic<uint32_t>& epoch = ring.receiver_slot->epoch;
  epoch.store(epoch.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  // Relaxed, both: the lock comes after all that the last receiver did; and a claim position that
  // is older than it could be still is not behind the release position.
  const Position released = ring.control->release_position.load(std::memory_order_relaxed);
  const Position claimed = ring.control->claim_position.load(std::memory_order_relaxed);
  if (!IsAligned(released) || !IsAligned(claimed) || claimed - released > ring.capacity) {
    return CorruptPositions(ring);
  }
  if (!JoinSleeperBarrier()) RequireFullBarriers(ring.control);
  return new ReceiverCore(channel, *std::move(lock), released, options);
}

ReceiverCore::ReceiverCore(const Channel& channel, ParticipantLock lock, Position start,
                           const ReceiverOptions& options)
    : channel_(channel),
      ring_(channel.segment()->ring()),
      lock_(std::move(lock)),
      end_without_senders_(options.end_without_senders),
      start_(start),
      // Relaxed: this receiver has written it.
      epoch_(ring_.receiver_slot->epoch.load(std::memory_order_relaxed)),
      consumer_(ring_, start) {
  // What the last receiver may have left.
  WithdrawReceiverWait(ring_.control);
  ReceiverSlot& own = *ring_.receiver_slot;
  // Relaxed: for people.
  own.pid.store(static_cast<uint32_t>(getpid()), std::memory_order_relaxed);
  if (end_without_senders_) {
    seen_sender_ = channel_.HasSender();
    sender_owners_ = SenderOwners(ring_);
  }
}

ReceiverCore::~ReceiverCore() {
  if (!fork_guard_.InSameProcess() || !IsCurrent()) return;
  // Relaxed: for people.
  ring_.receiver_slot->pid.store(0, std::memory_order_relaxed);
  lock_.Unlock(ParticipantLock::kReceiver);
  // Senders that want a receiver may wait for space.
  WakeSenders();
}

absl::Status ReceiverCore::Displaced() const {
  // Relaxed: for people.
  return absl::FailedPreconditionError(
      absl::StrCat("process ", ring_.receiver_slot->pid.load(std::memory_order_relaxed),
                   " has become the channel's receiver: this one has lost its lock, perhaps since "
                   "its process closed files that were not its own"));
}

void ReceiverCore::Detach() {
  detached_ = true;
  if (leases_.empty()) delete this;
}

absl::Status ReceiverCore::TakeCommitted(TakenRecord* taken, uint64_t* ticket) {
  if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess())) return InheritedThroughFork();
  if (ABSL_PREDICT_FALSE(!IsCurrent())) return Displaced();
  const TakeResult result = consumer_.Take(taken);
  if (ABSL_PREDICT_TRUE(result == TakeResult::kTaken)) {
    *ticket = leases_.Add(taken->position);
    return absl::OkStatus();
  }
  if (result == TakeResult::kCorrupt) return CorruptRecord();
  return NoneNow();
}

absl::Status ReceiverCore::TryTake(TakenRecord* taken, uint64_t* ticket) {
  for (uint32_t looks = 0;; ++looks) {
    absl::Status status = TakeCommitted(taken, ticket);
    if (ABSL_PREDICT_TRUE(status.code() != absl::StatusCode::kUnavailable)) return status;
    // Whoever steps over one orphan goes on at once: more may lie behind it.
    if (looks == 0 && !MayLookCloser()) return status;
    if (looks > ring_.sender_slot_count) return status;
    status = LookCloser();
    if (status.ok()) continue;
    // What is final is found again by the next call, too.
    if (!absl::IsUnavailable(status)) last_tick_ = next_look_ = 0;
    return status;
  }
}

bool ReceiverCore::MayLookCloser() {
  const int64_t tick = MonotonicTick();
  if (tick == last_tick_ && ++misses_ % kMissesPerClock != 0) return false;
  last_tick_ = tick;
  const int64_t now = MonotonicNow();
  if (now < next_look_) return false;
  next_look_ = now + kLookInterval;
  return true;
}

void ReceiverCore::RestAfterBurst(Deadline deadline) {
  const int64_t end = std::min(MonotonicNow() + kRest, deadline.nanoseconds());
  do {
    for (int i = 0; i < 8; ++i) SpinPause();
  } while (MonotonicNow() < end);
}

absl::Status ReceiverCore::Take(Deadline deadline, TakenRecord* taken, uint64_t* ticket) {
  if (burst_ >= kBurst) RestAfterBurst(deadline);
  burst_ = 0;
  uint32_t late_looks = 0;
  for (;;) {
    absl::Status status = TakeCommitted(taken, ticket);
    if (ABSL_PREDICT_TRUE(status.code() != absl::StatusCode::kUnavailable)) return status;
    if (deadline.Passed()) {
      // A last closer look, so that who only ever calls with deadlines that have passed gets on,
      // too. Each may find an orphan, and one more than there are slots only where a hostile peer
      // goes on writing them.
      if (late_looks++ > ring_.sender_slot_count) {
        return absl::Status(absl::StatusCode::kDeadlineExceeded, "");
      }
      status = LookCloser();
      if (status.code() == absl::StatusCode::kUnavailable) {
        return absl::Status(absl::StatusCode::kDeadlineExceeded, status.message());
      }
    } else {
      if (spin_.Until([this] { return consumer_.HasCommitted(); }, deadline.nanoseconds()))
        continue;
      status = LookCloser();
      if (status.code() == absl::StatusCode::kUnavailable) {
        Sleep(deadline);
        spin_.Slept(consumer_.HasCommitted());
        continue;
      }
    }
    if (!status.ok()) return status;
  }
}

absl::Status ReceiverCore::LookCloser() {
  // Discarded and orphaned records have no lease that would give them back.
  if (leases_.empty()) ReleaseUnheld();
  const Scan scan = consumer_.Recover(
      [this](uint16_t slot) { return lock_.IsHeld(ParticipantLock::OfSender(slot)); });
  if (scan.result != ScanResult::kUnowned) unowned_looks_ = 0;
  switch (scan.result) {
    case ScanResult::kCommitted:
      return absl::OkStatus();
    case ScanResult::kOrphaned:
      if (leases_.empty()) ReleaseUnheld();
      return absl::OkStatus();
    case ScanResult::kOwnerAlive:
      // Relaxed: for people.
      return absl::UnavailableError(absl::StrCat(
          "process ", ring_.sender_slots[scan.slot].pid.load(std::memory_order_relaxed),
          ", sender ", scan.slot, ", has claimed position ", consumer_.head(),
          " and not committed it yet"));
    case ScanResult::kUnclaimed:
      return LookForEnd();
    case ScanResult::kUnowned:
      break;
  }
  if (unowned_looks_ < kMostUnownedLooks && ++unowned_looks_ < kMostUnownedLooks) return NoneNow();
  // Relaxed: for people.
  return absl::DataLossError(absl::StrCat(
      "the channel is damaged: nobody owns what is claimed from position ", consumer_.head(),
      " to ", ring_.control->claim_position.load(std::memory_order_relaxed)));
}

absl::Status ReceiverCore::LookForEnd() {
  // [ended] acquire; pairs with [end] release: what was claimed before the channel ended is seen
  // below.
  const uint32_t flags = ring_.control->flags.load(std::memory_order_acquire);
  const bool ended = (flags & kFlagsEnded) != 0;
  if (ABSL_PREDICT_TRUE(!ended)) {
    if (ABSL_PREDICT_TRUE(!end_without_senders_)) return NoneNow();
    if (!seen_sender_) {
      seen_sender_ = consumer_.head() != start_ || SenderOwners(ring_) != sender_owners_;
    }
    if (!seen_sender_ || channel_.HasSender()) return NoneNow();
  }
  // Somebody may have claimed after the look that found nothing, before the end.
  // [claimed] acquire; pairs with [claim] release: intent before claim.
  if (ring_.control->claim_position.load(std::memory_order_acquire) != consumer_.head())
    return absl::OkStatus();
  if (ended) return EndedForReceiver(flags);
  return absl::OutOfRangeError("all senders are gone and all has been received");
}

void ReceiverCore::Sleep(Deadline deadline) {
  ControlBlock* const control = ring_.control;
  const uint32_t word = AnnounceReceiverWait(control, consumer_.head());
  SleeperBarrier(HasFullBarriers(*control));
  // Relaxed, both: ordered by the barrier.
  const bool ended = (control->flags.load(std::memory_order_relaxed) & kFlagsEnded) != 0;
  const bool unfinished =
      control->claim_position.load(std::memory_order_relaxed) != consumer_.head();
  // A channel that ended has nothing more to wait for, but for those who are writing still.
  if (!consumer_.HasCommitted() && (unfinished || !ended)) {
    const int64_t longest = unfinished ? kLongestSleepUnfinished : kLongestSleepIdle;
    FutexWait(&control->receiver_wait, word,
              std::min(deadline.nanoseconds(), MonotonicNow() + longest));
  }
  WithdrawReceiverWait(control);
}

absl::Status ReceiverCore::CorruptRecord() {
  const RecordHeader* header = ring_.HeaderAt(consumer_.head());
  // Relaxed: for people.
  return absl::DataLossError(absl::StrCat(
      "the channel is damaged: the record at position ", consumer_.head(),
      " has a header that no sender writes: 0x",
      absl::Hex(header->description.load(std::memory_order_relaxed), absl::kZeroPad16)));
}

}  // namespace ipmpsc::internal
