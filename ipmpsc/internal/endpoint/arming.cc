#include "ipmpsc/internal/endpoint/arming.h"

#include <errno.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/endpoint/errors.h"
#include "ipmpsc/internal/endpoint/receiver_core.h"
#include "ipmpsc/internal/endpoint/sender_core.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/sleeper_barrier.h"
#include "ipmpsc/internal/ring/consumer.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/ring/waiting.h"

namespace ipmpsc::internal {
namespace {

// From this capacity on, the low half of the claim word could return to the same value while the
// receiver falls asleep.
constexpr uint64_t kHalfWordRepeats = uint64_t{1} << 32;

// How many orphans one look steps over. More are left to the next look.
constexpr int kMostOrphansPerLook = 16;

}  // namespace

void InterruptFlag::Set() {
  const int error = errno;
  // Relaxed: the kernel compares the word.
  word_.store(1, std::memory_order_relaxed);
  FutexWakeAll(&word_);
  errno = error;
}

// ReceiverCore

bool ReceiverCore::HasResult() {
  if (skips_backlog_) {
    const TakeResult skipped = SkipBacklog();
    if (skipped != TakeResult::kTaken) return skipped == TakeResult::kCorrupt;
  }
  return consumer_.HasCommitted();
}

Readiness ReceiverCore::Check() {
  // The next call returns the error.
  if (!fork_guard_.InSameProcess() || !IsCurrent()) return Readiness::kReady;
  if (HasResult()) return Readiness::kReady;
  // Relaxed: a hint; `Resolve` and the announcement decide.
  const ClaimWord word = ring_.control->claim_word.load(std::memory_order_relaxed);
  return ClaimPosition(word) == consumer_.head() ? Resolve() : Readiness::kSoon;
}

Readiness ReceiverCore::Resolve() {
  if (!fork_guard_.InSameProcess() || !IsCurrent()) return Readiness::kReady;
  for (int orphans = 0; orphans < kMostOrphansPerLook; ++orphans) {
    look_ = ResolveStall();
    switch (look_) {
      case Look::kChanged:
        if (HasResult()) return Readiness::kReady;
        break;
      case Look::kFailed:
        // The next call returns the same error, also if it is a poll.
        last_tick_ = next_stall_scan_ = 0;
        return Readiness::kReady;
      case Look::kNothing:
      case Look::kWriting:
      case Look::kUndecided:
        return Readiness::kNothing;
    }
  }
  // `Announce` bounds the sleep, and the look after it goes on.
  look_ = Look::kUndecided;
  return Readiness::kNothing;
}

// `Resolve` passes over a backlog.
bool ReceiverCore::HasCome() const { return !skips_backlog_ && consumer_.HasCommitted(); }

Announcement ReceiverCore::Announce() {
  ControlBlock* const control = ring_.control;
  AddToOwnCounter(&ring_.receiver_slot->sleeps, 1);
  segment_->KeepFresh(MonotonicNow());
  const bool full_barriers = HasFullBarriers(*control);
  announced_head_ = consumer_.head();
  if (look_ != Look::kNothing) {
    return {&control->receiver_wait, AnnounceReceiverWait(control, consumer_.head()),
            kLongestSleepUnfinished, !full_barriers};
  }
  AnnounceClaimWait(control, ++announcement_);
  // If a waker's barrier may still be weak, its wake may be missed.
  const bool bounded =
      end_without_senders_ || require_path_ || ring_.capacity >= kHalfWordRepeats ||
      (unclaimed_word_ & kClaimEnding) != 0 || (full_barriers && !kClaimIsFullBarrier);
  // Where the claim's CAS is a full barrier, a fence suffices: either this receiver's next look
  // sees the claim, or its sender sees the announcement.
  return {LowHalfOfClaimWord(control), static_cast<uint32_t>(unclaimed_word_),
          bounded ? kLongestSleepWithChecks : kLongestSleep,
          !full_barriers && !kClaimIsFullBarrier};
}

bool ReceiverCore::IsStillNothing() {
  if (look_ != Look::kNothing) return !consumer_.HasCommitted();
  // Relaxed: ordered by the barrier.
  return ring_.control->claim_word.load(std::memory_order_relaxed) == unclaimed_word_;
}

void ReceiverCore::Withdraw() { WithdrawReceiverWait(ring_.control); }

void ReceiverCore::Leave() {}

Position ReceiverCore::announced_position() const {
  // A claim answers the other announcement, whatever the head is by then.
  return look_ == Look::kNothing ? announced_head_ : consumer_.head();
}

std::string ReceiverCore::Description() const {
  return absl::StrCat("the receiver of ", segment_->path());
}

// SenderCore

absl::Status SenderCore::WaitFor(size_t payload_size) {
  if (payload_size > max_payload_) return NeverFits(payload_size);
  wanted_payload_ = payload_size;
  return absl::OkStatus();
}

Readiness SenderCore::Check() {
  // The next call returns the error.
  if (!fork_guard_.InSameProcess()) return Readiness::kReady;
  if (claim_open_) return Readiness::kDormant;
  if (!CheckUsable(wanted_payload_).ok()) return Readiness::kReady;
  const uint64_t size = ring_.RecordSizeOf(wanted_payload_);
  if (HasSpace(size, ClaimOptions::When::kWhenSpace) || HasObstacle()) {
    looks_in_vain_ = 0;
    return Readiness::kReady;
  }
  // As in `Claim`: the space may be taken by the claim of a sender that died before its wake.
  WakerBarrier(*ring_.control);
  if (ClaimWaitAnnounced(*ring_.control) != 0) FutexWakeAll(LowHalfOfClaimWord(ring_.control));
  // In a lossy channel the others would drop messages for the turn.
  if (!is_lossy_ && ++looks_in_vain_ > kWaitsBeforeTurn &&
      TakeTurn(ring_.control, slot_, size, MonotonicNow())) {
    if (!has_turn_) AddToOwnCounter(&ring_.sender_slots[slot_].turns, 1);
    has_turn_ = true;
  }
  return Readiness::kNothing;
}

bool SenderCore::HasObstacle() const {
  // Relaxed: the bits are final.
  const ClaimWord word = ring_.control->claim_word.load(std::memory_order_relaxed);
  if (HasEnded(word) || !IsValidClaimWord(word)) return true;
  // Relaxed: two equal claim words show that the release position in between belongs to them.
  const Position release = ring_.control->release_position.load(std::memory_order_relaxed);
  return ring_.control->claim_word.load(std::memory_order_relaxed) == word &&
         ClaimPosition(word) - release > ring_.capacity;
}

Readiness SenderCore::Resolve() { return Check(); }

bool SenderCore::HasCome() const { return false; }

Announcement SenderCore::Announce() {
  ControlBlock* const control = ring_.control;
  segment_->KeepFresh(MonotonicNow());
  const uint32_t announced = AnnounceSenderWait(control);
  // Relaxed: a hint for the bound. The holder of the turn renews it before it ends, and the others
  // notice its end soon.
  const bool turn = HasTurnBit(control->claim_word.load(std::memory_order_relaxed));
  return {&control->senders_wait, announced, turn ? kTurnDuration / 2 : kLongestSleepForSpace,
          !HasFullBarriers(*control)};
}

bool SenderCore::IsStillNothing() {
  return !HasSpace(ring_.RecordSizeOf(wanted_payload_), ClaimOptions::When::kWhenSpace) &&
         !HasObstacle();
}

// Other senders may have announced the same: the bit stays, and costs one needless wake.
void SenderCore::Withdraw() {}

void SenderCore::Leave() {
  looks_in_vain_ = 0;
  if (has_turn_) GiveTurnBack();
}

Position SenderCore::announced_position() const { return 0; }

std::string SenderCore::Description() const {
  return absl::StrCat("a sender of ", segment_->path());
}

}  // namespace ipmpsc::internal
