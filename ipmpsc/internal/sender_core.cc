#include "ipmpsc/internal/sender_core.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/monotonic_clock.h"
#include "ipmpsc/internal/os/sleeper_barrier.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/internal/status_texts.h"

namespace ipmpsc::internal {
namespace {

// The receiver may die between its release and its wake, so a sender looks again by itself.
// Nanoseconds.
constexpr int64_t kLongestSleep = 100'000'000;

// Who wants a receiver to be there pays for a look (a system call) at most so often. Nanoseconds.
constexpr int64_t kLookInterval = 1'000'000;

// How often a sender waits in vain before it takes the turn.
constexpr int kWaitsBeforeTurn = 4;

// Takes a slot whose owner is dead and on whose intent nothing depends.
absl::StatusOr<uint16_t> TakeSlot(const Ring& ring, ParticipantLock* lock) {
  for (uint32_t i = 0; i < ring.sender_slot_count; ++i) {
    const uint16_t slot = static_cast<uint16_t>(i);
    // Asked before the lock too, so that a slot that must wait for the receiver does not look alive
    // while it does.
    if (!IsSlotReusable(ring, slot)) continue;
    const absl::StatusOr<bool> locked = lock->TryLock(ParticipantLock::OfSender(slot));
    if (!locked.ok()) return locked.status();
    if (!*locked) continue;
    if (IsSlotReusable(ring, slot)) return slot;
    lock->Unlock(ParticipantLock::OfSender(slot));
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("all ", ring.sender_slot_count, " sender slots of the channel are taken"));
}

}  // namespace

absl::StatusOr<SenderCore*> SenderCore::Attach(const Channel& channel,
                                               const SenderOptions& options) {
  const absl::Status complete = channel.segment()->CheckFileSize();
  if (!complete.ok()) return complete;
  const Ring& ring = channel.segment()->ring();
  // Relaxed: nothing else is read by it.
  const uint32_t flags = ring.control->flags.load(std::memory_order_relaxed);
  if (ABSL_PREDICT_FALSE((flags & kFlagsEnded) != 0)) return EndedForSender(flags);
  absl::StatusOr<ParticipantLock> lock = ParticipantLock::Open(channel.fd());
  if (!lock.ok()) return lock.status();
  const absl::StatusOr<uint16_t> slot = TakeSlot(ring, &*lock);
  if (!slot.ok()) return slot.status();
  if (!JoinSleeperBarrier()) RequireFullBarriers(ring.control);
  return new SenderCore(channel, *std::move(lock), *slot, options);
}

SenderCore::SenderCore(const Channel& channel, ParticipantLock lock, uint16_t slot,
                       const SenderOptions& options)
    : channel_(channel),
      ring_(channel.segment()->ring()),
      lock_(std::move(lock)),
      slot_(slot),
      max_payload_(channel.max_payload()),
      options_(options),
      producer_(ring_, slot),
      slow_(options.require_receiver) {
  producer_.ClearIntent();
  SenderSlot& own = ring_.sender_slots[slot_];
  // Relaxed, both: for people.
  own.pid.store(static_cast<uint32_t>(getpid()), std::memory_order_relaxed);
  own.owners.store(own.owners.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

SenderCore::~SenderCore() {
  if (!fork_guard_.InSameProcess()) return;
  // All that it claimed is committed, so the slot need not wait for the receiver.
  producer_.ClearIntent();
  // Relaxed: for people.
  ring_.sender_slots[slot_].pid.store(0, std::memory_order_relaxed);
  lock_.Unlock(ParticipantLock::OfSender(slot_));
  // The receiver may wait for the last sender to go.
  WakerBarrier(*ring_.control);
  if (IsReceiverWaiting(*ring_.control)) FutexWakeOne(&ring_.control->receiver_wait);
}

void SenderCore::Detach() {
  detached_ = true;
  if (!claim_open_) delete this;
}

absl::Status SenderCore::CheckReceiver() {
  const int64_t now = MonotonicNow();
  if (now < next_look_) return absl::OkStatus();
  if (!channel_.HasReceiver()) return absl::UnavailableError("the channel has no receiver");
  next_look_ = now + kLookInterval;
  return absl::OkStatus();
}

absl::Status SenderCore::CheckProcess() const {
  return fork_guard_.InSameProcess() ? absl::OkStatus() : InheritedThroughFork();
}

absl::Status SenderCore::CheckUsable(size_t payload_size) {
  const absl::Status process = CheckProcess();
  if (!process.ok()) return process;
  if (claim_open_) {
    return absl::FailedPreconditionError(
        "a loan of this sender is still open: publish or drop it first");
  }
  // Relaxed: nothing else is read by it.
  const uint32_t flags = ring_.control->flags.load(std::memory_order_relaxed);
  if ((flags & kFlagsEnded) != 0) return EndedForSender(flags);
  if (payload_size > max_payload_) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message of ", payload_size,
                     " bytes can never fit: the channel's longest is ", max_payload_));
  }
  if (ABSL_PREDICT_FALSE(options_.require_receiver)) return CheckReceiver();
  return absl::OkStatus();
}

absl::Status SenderCore::Claim(size_t payload_size, const Claiming& claiming, Position* position) {
  const absl::Status claimed = ClaimOrWait(payload_size, claiming, position);
  if (ABSL_PREDICT_FALSE(has_turn_)) GiveTurnBack();
  return claimed;
}

absl::Status SenderCore::ClaimOrWait(size_t payload_size, const Claiming& claiming,
                                     Position* position) {
  for (int waits = 0;; ++waits) {
    const absl::Status usable = CheckUsable(payload_size);
    if (ABSL_PREDICT_FALSE(!usable.ok())) return usable;
    const uint64_t size = RecordSize(payload_size);
    const ClaimResult result = ABSL_PREDICT_FALSE(MustLetAnotherClaim()) ? ClaimResult::kFull
                               : claiming.when_empty ? producer_.ClaimWhenEmpty(size, position)
                                                     : producer_.Claim(size, position);
    if (ABSL_PREDICT_TRUE(result == ClaimResult::kClaimed)) {
      claim_open_ = true;
      slow_ = true;
      return absl::OkStatus();
    }
    if (result == ClaimResult::kCorrupt) return CorruptPositions(ring_);
    if (!claiming.wait) return absl::Status(absl::StatusCode::kResourceExhausted, "");
    if (claiming.deadline.Passed()) return absl::Status(absl::StatusCode::kDeadlineExceeded, "");
    if (result != ClaimResult::kFull) continue;
    if (waits >= kWaitsBeforeTurn && TakeTurn(ring_.control, slot_, MonotonicNow()))
      has_turn_ = true;
    WaitForSpace(size, claiming);
  }
}

bool SenderCore::MustLetAnotherClaim() const {
  // Relaxed: advice; nothing is read by it.
  const uint64_t turn = ring_.control->turn.load(std::memory_order_relaxed);
  return ABSL_PREDICT_FALSE(turn != 0) && IsTurnOfAnother(turn, slot_, MonotonicNow());
}

void SenderCore::GiveTurnBack() {
  has_turn_ = false;
  EndTurn(ring_.control, slot_);
  WakerBarrier(*ring_.control);
  if (MustWakeSenders(ring_.control)) FutexWakeAll(&ring_.control->senders_wait);
}

void SenderCore::WaitForSpace(uint64_t size, const Claiming& claiming) {
  const auto has_space = [&] {
    return !MustLetAnotherClaim() && producer_.HasSpace(size, claiming.when_empty);
  };
  if (spin_.Until(has_space, claiming.deadline.nanoseconds())) return;
  ControlBlock* const control = ring_.control;
  const uint32_t word = AnnounceSenderWait(control);
  SleeperBarrier(HasFullBarriers(*control));
  // Relaxed: ordered by the barrier.
  const uint32_t flags = control->flags.load(std::memory_order_relaxed);
  if (has_space() || (flags & kFlagsEnded) != 0) return;
  // A turn is taken anew, or has run out, before its end.
  // Relaxed: as above.
  const int64_t longest =
      control->turn.load(std::memory_order_relaxed) == 0 ? kLongestSleep : kTurnDuration / 2;
  FutexWait(&control->senders_wait, word,
            std::min(claiming.deadline.nanoseconds(), MonotonicNow() + longest));
  spin_.Slept(has_space());
}

void SenderCore::Settle(Position position, size_t claimed_size, size_t size, RecordKind kind) {
  CloseClaim();
  // In a forked child the claim is the parent's to settle.
  if (ABSL_PREDICT_TRUE(fork_guard_.InSameProcess())) {
    const uint64_t used = RecordSize(size);
    const uint64_t rest = RecordSize(claimed_size) - used;
    // What is given back becomes a record of its own, committed first: when the message is, all
    // behind it is too.
    if (ABSL_PREDICT_FALSE(rest != 0)) {
      producer_.Commit(position + used, static_cast<uint32_t>(rest - sizeof(RecordHeader)),
                       RecordKind::kDiscarded);
    }
    producer_.Commit(position, static_cast<uint32_t>(size), kind);
    WakeReceiver(position);
    if (ABSL_PREDICT_TRUE(kind == RecordKind::kMessage)) producer_.CountSent(1, size);
  }
  if (ABSL_PREDICT_FALSE(detached_)) delete this;
}

}  // namespace ipmpsc::internal
