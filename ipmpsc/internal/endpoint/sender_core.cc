#include "ipmpsc/internal/endpoint/sender_core.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/endpoint/errors.h"
#include "ipmpsc/internal/endpoint/participant.h"
#include "ipmpsc/internal/endpoint/sender_slot.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/mapping.h"
#include "ipmpsc/internal/os/sleeper_barrier.h"
#include "ipmpsc/internal/payload_copy.h"
#include "ipmpsc/internal/ring/tuning.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/segment/layout.h"

namespace ipmpsc::internal {
namespace {

absl::Status LoanIsOpen(const Segment& segment) {
  return ChannelError(absl::StatusCode::kFailedPrecondition, segment,
                      "a loan of this sender is still open: publish or drop it first");
}

// Minimum interval between system calls that check the receiver or the path. Nanoseconds.
constexpr int64_t kCheckInterval = 1'000'000;

}  // namespace

absl::StatusOr<LocalRef<SenderCore>> SenderCore::Attach(std::shared_ptr<Segment> segment,
                                                        const SenderOptions& options) {
  absl::StatusOr<OwnedSlot> slot = TakeSenderSlot(*segment, options.deadline);
  if (!slot.ok()) return slot.status();
  if (!JoinSleeperBarrier()) RequireFullBarriers(segment->ring().control);
  // The last owner of the slot may have died in its turn. This sender would take that turn for its
  // own, and would not clear it.
  EndTurn(segment->ring().control, slot->number);
  return LocalRef<SenderCore>(
      new SenderCore(std::move(segment), std::move(slot->lock), slot->number, options));
}

SenderCore::SenderCore(std::shared_ptr<Segment> segment, ParticipantLock lock, uint16_t slot,
                       const SenderOptions& options)
    : segment_(std::move(segment)),
      ring_(segment_->ring()),
      lock_(std::move(lock)),
      slot_(slot),
      max_payload_(segment_->max_payload()),
      require_receiver_(options.require_receiver),
      require_path_(options.require_path),
      checks_surroundings_(require_receiver_ || require_path_),
      is_lossy_((segment_->header().flags & kDropNewest) != 0),
      producer_(ring_, slot),
      // Relaxed: only a guess of where this sender begins.
      attached_(ClaimPosition(ring_.control->claim_word.load(std::memory_order_relaxed))),
      populated_(attached_),
      fast_payload_(std::min<size_t>(max_payload_, tuning::kPopulatedTogether)),
      slow_(checks_surroundings_) {
  producer_.ClearIntent();
  SenderSlot& own = ring_.sender_slots[slot_];
  WriteOwner(&own, options.name);
  // Relaxed, both: only the lock's holder writes it.
  own.incarnation.store(own.incarnation.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  if (ring_.capacity < tuning::kPopulatedCapacity) StopPopulating();
}

SenderCore::~SenderCore() {
  if (!fork_guard_.InSameProcess()) return;
  // All its claims are committed, so the slot need not wait for the receiver.
  producer_.ClearIntent();
  ClearOwner(&ring_.sender_slots[slot_]);
  lock_.Unlock();
  // The receiver may wait for the last sender to go.
  WakerBarrier(*ring_.control);
  if (IsReceiverWaiting(*ring_.control)) {
    FutexWakeOne(&ring_.control->receiver_wait);
    FutexWakeAll(LowHalfOfClaimWord(ring_.control));
  }
}

void SenderCore::AnswerReceiver(uint64_t announcement) {
  // Wake before answering: a sender that finds no announcement relies on the wake.
  FutexWakeAll(LowHalfOfClaimWord(ring_.control));
  AnswerClaimWait(ring_.control, announcement);
}

absl::Status SenderCore::CheckSurroundings() {
  const MonotonicNanos now = MonotonicNow();
  if (now < next_check_) return absl::OkStatus();
  if (require_receiver_) {
    const absl::StatusOr<bool> has_receiver = segment_->HasReceiver();
    if (!has_receiver.ok()) return has_receiver.status();
    if (!*has_receiver) {
      return ChannelError(absl::StatusCode::kUnavailable, *segment_,
                          "the channel has no receiver: start one, or send without "
                          "require_receiver");
    }
  }
  if (require_path_ && segment_->IsGoneFromPath()) return GoneFromItsPath(*segment_);
  next_check_ = now + kCheckInterval;
  return absl::OkStatus();
}

absl::Status SenderCore::NeverFits(size_t payload_size) const {
  return ChannelError(
      absl::StatusCode::kInvalidArgument, *segment_,
      absl::StrCat("a message of ", payload_size, " bytes can never fit: the channel's longest is ",
                   max_payload_, "; create it with a larger capacity"));
}

absl::Status SenderCore::CheckUsable(size_t payload_size) {
  if (!fork_guard_.InSameProcess()) return InheritedThroughFork(*segment_);
  if (claim_open_) {
    return LoanIsOpen(*segment_);
  }
  if (payload_size > max_payload_) {
    // Relaxed: it orders no other reads.
    const ClaimWord word = ring_.control->claim_word.load(std::memory_order_relaxed);
    return HasEnded(word) ? EndedForSender(*segment_, word) : NeverFits(payload_size);
  }
  if (ABSL_PREDICT_FALSE(checks_surroundings_)) return CheckSurroundings();
  return absl::OkStatus();
}

void SenderCore::CountRefused(const ClaimOptions& options) {
  SenderSlot& own = ring_.sender_slots[slot_];
  if (!is_lossy_) return AddToOwnCounter(&own.refused, 1);
  dropped_ += options.messages;
  AddToOwnCounter(&own.dropped_records, options.messages);
}

MonotonicNanos SenderCore::CountWaited(MonotonicNanos since) {
  const MonotonicNanos now = MonotonicNow();
  AddToOwnCounter(&ring_.sender_slots[slot_].waited_nanoseconds,
                  static_cast<uint64_t>(now - since));
  return now;
}

absl::Status SenderCore::Claim(size_t payload_size, const ClaimOptions& options,
                               Position* position) {
  const uint64_t size = ring_.RecordSizeOf(payload_size);
  const bool waits_for_space = options.when != ClaimOptions::When::kNow && !is_lossy_;
  MonotonicNanos begin = 0;
  MonotonicNanos counted = 0;  // up to then the wait is in the counter
  if (producer_.last_end() != vain_position_) {
    vain_position_ = producer_.last_end();
    vain_waits_ = 0;
  }
  absl::Status status;
  for (;; ++vain_waits_) {
    status = CheckUsable(payload_size);
    if (ABSL_PREDICT_FALSE(!status.ok())) break;
    const ClaimResult result = TryFastClaim(size, options.when, position);
    if (ABSL_PREDICT_TRUE(result == ClaimResult::kClaimed)) {
      SetClaimOpen(true);
      WakeForClaim();
      if (size > tuning::kPopulatedTogether) Populate(*position, *position + size);
      break;
    }
    if (result == ClaimResult::kEnded) {
      // Relaxed: the bits are final.
      status = EndedForSender(*segment_, ring_.control->claim_word.load(std::memory_order_relaxed));
      break;
    }
    if (result == ClaimResult::kCorrupt) {
      status = CorruptPositions(*segment_);
      break;
    }
    // The space may be taken by the claim of a sender that died before its wake. The announcement
    // stays: the claim word has not changed, so the receiver may be about to sleep on it.
    WakerBarrier(*ring_.control);
    if (ClaimWaitAnnounced(*ring_.control) != 0) {
      FutexWakeAll(LowHalfOfClaimWord(ring_.control));
    }
    if (!waits_for_space) {
      CountRefused(options);
      status = absl::Status(absl::StatusCode::kResourceExhausted, "");
      break;
    }
    if (options.deadline.Passed()) {
      // A caller that polls with deadlines in the past gets no text, which would allocate.
      status = begin == 0 ? absl::Status(absl::StatusCode::kDeadlineExceeded, "")
                          : StillFull(*segment_, MonotonicNow() - begin);
      break;
    }
    if (begin == 0) begin = counted = MonotonicNow();
    if (result == ClaimResult::kContended) continue;
    if (vain_waits_ >= kWaitsBeforeTurn && TakeTurn(ring_.control, slot_, size, MonotonicNow())) {
      if (!has_turn_) AddToOwnCounter(&ring_.sender_slots[slot_].turns, 1);
      has_turn_ = true;
    }
    if (ABSL_PREDICT_FALSE(interrupt_.Consume())) {
      status = Interrupted(*segment_);
      break;
    }
    WaitForSpace(size, options);
    // Counts a wait while it lasts, so that a sender which waits for long is seen to wait.
    counted = CountWaited(counted);
  }
  if (ABSL_PREDICT_FALSE(begin != 0)) {
    AddToOwnCounter(&ring_.sender_slots[slot_].full_waits, 1);
    CountWaited(counted);
  }
  if (ABSL_PREDICT_FALSE(has_turn_)) GiveTurnBack();
  return status;
}

void SenderCore::Populate(Position begin, Position end) {
  if (!IsBefore(populated_, end)) return;
  if (IsBefore(begin, populated_)) begin = populated_;
  if (PopulateForWrite(ring_.At(begin), end - begin) && end - attached_ < ring_.capacity) {
    populated_ = end;
    return;
  }
  StopPopulating();
}

void SenderCore::StopPopulating() {
  constexpr uint64_t kNever = uint64_t{1} << 62;  // bytes ahead
  populated_ = attached_ + kNever;
  fast_payload_ = max_payload_;
}

ClaimResult SenderCore::TryFastClaim(uint64_t size, ClaimOptions::When when, Position* position) {
  const bool when_empty = when == ClaimOptions::When::kWhenReleased;
  const auto claim = [&](TurnBit turn_bit, uint64_t reserved) {
    if (!when_empty) return producer_.Claim(size, position, turn_bit, reserved);
    if (reserved > ring_.capacity - size) return ClaimResult::kFull;
    return producer_.ClaimWhenEmpty(size, position, turn_bit);
  };
  ClaimResult result = claim(has_turn_ ? TurnBit::kClear : TurnBit::kRespect, 0);
  if (ABSL_PREDICT_FALSE(result == ClaimResult::kTurnTaken)) {
    result = claim(TurnBit::kKeep, SpaceOwedToTurn(ring_.control, slot_, MonotonicNow()));
    // A sender that does not wait must not get "full" from an empty ring.
    if (result == ClaimResult::kFull && when == ClaimOptions::When::kNow) {
      result = producer_.ClaimWhenEmpty(size, position, TurnBit::kKeep);
    }
  }
  return result;
}

bool SenderCore::HasSpace(uint64_t size, ClaimOptions::When when) {
  // Relaxed: a guess; the claim decides.
  const ClaimWord word = ring_.control->claim_word.load(std::memory_order_relaxed);
  uint64_t owed = 0;
  if (ABSL_PREDICT_FALSE(HasTurnBit(word)) && !has_turn_) {
    owed = SpaceOwedToTurn(ring_.control, slot_, MonotonicNow());
    if (owed > ring_.capacity - size) return false;
  }
  return when == ClaimOptions::When::kWhenReleased
             ? producer_.HasSpace(size, /*when_empty=*/true)
             : producer_.HasSpace(size + owed, /*when_empty=*/false);
}

void SenderCore::GiveTurnBack() {
  has_turn_ = false;
  EndTurn(ring_.control, slot_);
  WakerBarrier(*ring_.control);
  if (MustWakeSenders(ring_.control)) FutexWakeAll(&ring_.control->senders_wait);
}

void SenderCore::WaitForSpace(uint64_t size, const ClaimOptions& options) {
  const auto has_space = [&] { return HasSpace(size, options.when); };
  // First waits for a step of space, so that sender and receiver do not pass the release position
  // to and fro for each message. Once the spin has ended, any space suffices.
  const uint64_t step = std::max(size, ring_.capacity / tuning::kFullWaitShares);
  const auto has_step = [&] { return HasSpace(step, options.when); };
  if (spin_.Until(has_step, options.deadline.nanoseconds()) || has_space()) return;
  ControlBlock* const control = ring_.control;
  const uint32_t announced = AnnounceSenderWait(control);
  SleeperBarrier(HasFullBarriers(*control));
  // Relaxed: ordered by the barrier.
  const ClaimWord word = control->claim_word.load(std::memory_order_relaxed);
  if (has_space() || HasEnded(word)) return;
  // Half a turn: the holder renews its turn before it ends, and the others notice its end soon.
  const int64_t longest = HasTurnBit(word) ? kTurnDuration / 2 : kLongestSleepForSpace;
  segment_->KeepFresh(MonotonicNow());
  FutexWaitUnless(&control->senders_wait, announced, interrupt_.word(),
                  std::min(options.deadline.nanoseconds(), MonotonicNow() + longest));
  spin_.Slept(has_space());
}

absl::Status SenderCore::WaitUntilReleased(Position position, Deadline deadline) {
  if (!fork_guard_.InSameProcess()) return InheritedThroughFork(*segment_);
  ControlBlock* const control = ring_.control;
  const auto is_released = [&] {
    // [space] acquire; pairs with [release] release: the receiver's reads of the payloads before
    // what the caller does next.
    return !IsBefore(control->release_position.load(std::memory_order_acquire), position);
  };
  MonotonicNanos begin = 0;  // of the wait
  while (!is_released()) {
    // [claimed] acquire; pairs with [claim] release: a sender that has claimed up to a position of
    // another thread has done so before that thread passed it on.
    if (IsBefore(ClaimPosition(control->claim_word.load(std::memory_order_acquire)), position)) {
      return ChannelError(absl::StatusCode::kInvalidArgument, *segment_,
                          absl::StrCat("position ", position,
                                       " is not claimed yet: wait for one that a sender has "
                                       "reached, such as sent_position()"));
    }
    if (checks_surroundings_) {
      absl::Status status = CheckSurroundings();
      if (!status.ok()) return status;
    }
    if (deadline.Passed()) {
      return begin == 0 ? absl::Status(absl::StatusCode::kDeadlineExceeded, "")
                        : StillUnreleased(*segment_, position, MonotonicNow() - begin);
    }
    if (begin == 0) begin = MonotonicNow();
    if (spin_.Until(is_released, deadline.nanoseconds())) break;
    const uint32_t announced = AnnounceSenderWait(control);
    SleeperBarrier(HasFullBarriers(*control));
    if (is_released()) break;
    if (interrupt_.Consume()) return Interrupted(*segment_);
    segment_->KeepFresh(MonotonicNow());
    FutexWaitUnless(&control->senders_wait, announced, interrupt_.word(),
                    std::min(deadline.nanoseconds(), MonotonicNow() + kLongestSleepForSpace));
    spin_.Slept(is_released());
  }
  return absl::OkStatus();
}

absl::Status SenderCore::SetNextSequence(uint64_t sequence) {
  if (!fork_guard_.InSameProcess()) return InheritedThroughFork(*segment_);
  if (claim_open_) return LoanIsOpen(*segment_);
  if (ring_.trailer_size == 0) {
    return ChannelError(absl::StatusCode::kFailedPrecondition, *segment_,
                        "its messages have no numbers: create it with ChannelOptions::timestamps");
  }
  std::atomic<uint64_t>& last = ring_.sender_slots[slot_].sequence;
  // Relaxed, both: only the lock's holder writes it.
  const uint64_t before = last.load(std::memory_order_relaxed);
  if (sequence <= before) {
    return ChannelError(
        absl::StatusCode::kInvalidArgument, *segment_,
        absl::StrCat("the next message of slot ", slot_, " cannot have the number ", sequence,
                     ": the last one had ", before, "; give a larger number"));
  }
  last.store(sequence - 1, std::memory_order_relaxed);
  return absl::OkStatus();
}

void SenderCore::WriteTrailer(Position position, size_t size, RecordKind kind) {
  if (kind == RecordKind::kDiscarded) return;
  // The number is taken before the commit, so no two messages have the same number. A death in
  // between leaves a gap at the orphan that the receiver steps over.
  std::atomic<uint64_t>& last = ring_.sender_slots[slot_].sequence;
  // Relaxed, both: only the lock's holder writes it.
  const RecordTrailer trailer = {WallClockNow(), last.load(std::memory_order_relaxed) + 1};
  last.store(trailer.sequence, std::memory_order_relaxed);
  std::memcpy(ring_.TrailerAt(position, ring_.RecordSizeOf(size)), &trailer, sizeof(trailer));
}

void SenderCore::Settle(Position position, size_t claimed_size, size_t size, RecordKind kind) {
  SetClaimOpen(false);
  // In a forked child the claim is the parent's to settle.
  if (ABSL_PREDICT_FALSE(!fork_guard_.InSameProcess())) return;
  const uint64_t used = ring_.RecordSizeOf(size);
  const uint64_t rest = ring_.RecordSizeOf(claimed_size) - used;
  // The unused bytes become a record of their own, committed first. So when the message is visible,
  // all bytes behind it in the claim are committed, too.
  if (ABSL_PREDICT_FALSE(rest != 0)) {
    Commit(position + used, rest - sizeof(RecordHeader) - ring_.trailer_size,
           RecordKind::kDiscarded);
  }
  Commit(position, size, kind);
  WakeForCommit(position);
  if (ABSL_PREDICT_TRUE(kind == RecordKind::kMessage)) CountSent(1, size);
}

absl::StatusOr<size_t> SenderCore::BatchPayload(absl::Span<const size_t> sizes) const {
  uint64_t together = 0;
  for (const size_t size : sizes) {
    if (ABSL_PREDICT_FALSE(size > max_payload_)) return NeverFits(size);
    together += ring_.RecordSizeOf(size);
  }
  const uint64_t payload = together - sizeof(RecordHeader) - ring_.trailer_size;
  if (ABSL_PREDICT_FALSE(payload > max_payload_)) return BatchNeverFits(sizes.size(), together);
  return payload;
}

absl::Status SenderCore::BatchNeverFits(size_t count, uint64_t together) const {
  return ChannelError(
      absl::StatusCode::kInvalidArgument, *segment_,
      absl::StrCat("a batch of ", count, " messages, ", together,
                   " bytes with their headers, can never fit: the channel's longest message is ",
                   max_payload_, "; send smaller batches, or create it with a larger capacity"));
}

void SenderCore::CommitBatch(Position position, absl::Span<const size_t> sizes) {
  // Writes the trailers in the order of the messages, since each takes the next number.
  if (ABSL_PREDICT_FALSE(ring_.trailer_size != 0)) {
    Position next = position;
    for (const size_t size : sizes) {
      WriteTrailer(next, size, RecordKind::kMessage);
      next += ring_.RecordSizeOf(size);
    }
  }
  // The first record is committed last: its stamp commits them all.
  Position next = position + ring_.RecordSizeOf(sizes[0]);
  uint64_t bytes = sizes[0];
  for (const size_t size : sizes.subspan(1)) {
    producer_.Commit(next, static_cast<uint32_t>(size), RecordKind::kInBatch);
    next += ring_.RecordSizeOf(size);
    bytes += size;
  }
  producer_.Commit(position, static_cast<uint32_t>(sizes[0]), RecordKind::kMessage);
  WakeForCommit(position);
  CountSent(sizes.size(), bytes);
}

absl::Status SenderCore::SendBatch(absl::Span<const absl::string_view> payloads,
                                   const ClaimOptions& options) {
  if (payloads.empty()) return absl::OkStatus();
  uint64_t together = 0;
  for (const absl::string_view payload : payloads) {
    if (ABSL_PREDICT_FALSE(payload.size() > max_payload_)) return NeverFits(payload.size());
    together += ring_.RecordSizeOf(payload.size());
  }
  const uint64_t claimed_payload = together - sizeof(RecordHeader) - ring_.trailer_size;
  if (ABSL_PREDICT_FALSE(claimed_payload > max_payload_)) {
    return BatchNeverFits(payloads.size(), together);
  }
  Position position;
  if (ABSL_PREDICT_FALSE(!TryFastClaim(claimed_payload, &position))) {
    absl::Status claimed =
        Claim(claimed_payload, {options.when, options.deadline, payloads.size()}, &position);
    if (!claimed.ok()) return claimed;
    SetClaimOpen(false);
  }
  const Position end = position + together;
  Position next = position;
  uint64_t bytes = 0;
  size_t first_size = 0;
  for (size_t i = 0; i < payloads.size(); ++i) {
    // Each is read once. A payload that does not fit into the claim was changed by another thread.
    const absl::string_view payload = payloads[i];
    const uint64_t size = ring_.RecordSizeOf(payload.size());
    if (ABSL_PREDICT_FALSE(payload.size() > max_payload_ || size > end - next)) break;
    CopyPayload(PayloadAt(next), payload);
    if (ABSL_PREDICT_FALSE(ring_.trailer_size != 0)) {
      WriteTrailer(next, payload.size(), RecordKind::kMessage);
    }
    if (i == 0) {
      first_size = payload.size();
    } else {
      producer_.Commit(next, static_cast<uint32_t>(payload.size()), RecordKind::kInBatch);
    }
    bytes += payload.size();
    next += size;
  }
  if (ABSL_PREDICT_FALSE(next != end)) {
    Settle(position, claimed_payload, claimed_payload, RecordKind::kDiscarded);
    return ChannelError(absl::StatusCode::kInvalidArgument, *segment_,
                        "the batch was changed while it was being sent: keep it as it is until the "
                        "call returns");
  }
  // The first record is committed last: its stamp commits them all.
  producer_.Commit(position, static_cast<uint32_t>(first_size), RecordKind::kMessage);
  WakeForCommit(position);
  CountSent(payloads.size(), bytes);
  return absl::OkStatus();
}

absl::Status SenderCore::WriteBatch(
    absl::Span<const size_t> caller_sizes,
    absl::FunctionRef<void(size_t i, absl::Span<char> payload)> write,
    const ClaimOptions& options) {
  if (caller_sizes.empty()) return absl::OkStatus();
  // Copied: `write` may change the caller's array.
  const absl::InlinedVector<size_t, 64> sizes(caller_sizes.begin(), caller_sizes.end());
  const absl::StatusOr<size_t> payload = BatchPayload(sizes);
  if (!payload.ok()) return payload.status();
  Position position;
  absl::Status claimed = Claim(*payload, {options.when, options.deadline, sizes.size()}, &position);
  if (!claimed.ok()) return claimed;

  // Discards the claim if `write` throws.
  struct OpenClaim {
    ~OpenClaim() {
      if (core != nullptr) core->Settle(position, size, size, RecordKind::kDiscarded);
    }
    SenderCore* core;
    const Position position;
    const size_t size;
  } claim = {this, position, *payload};
  Position next = position;
  for (size_t i = 0; i < sizes.size(); ++i) {
    write(i, absl::MakeSpan(PayloadAt(next), sizes[i]));
    next += ring_.RecordSizeOf(sizes[i]);
  }
  // `write` may have forked. The parent commits, and the child drops its copy of the claim.
  if (!fork_guard_.InSameProcess()) return InheritedThroughFork(*segment_);
  claim.core = nullptr;
  SetClaimOpen(false);
  CommitBatch(position, sizes);
  return absl::OkStatus();
}

}  // namespace ipmpsc::internal
