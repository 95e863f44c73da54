// Channel::Stats. Each word that a peer can write is loaded once.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/endpoint/participant.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/observed_positions.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/slots.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc {
namespace {

using internal::ObservedPositions;
using internal::Position;
using internal::Ring;
using internal::Segment;

// Nanoseconds. A question takes time in proportion to the locks of the file, and peers decide how
// many there are.
constexpr int64_t kTimeForQuestions = 10'000'000;

// Asks which owners live, for a bounded time.
class Questions {
 public:
  explicit Questions(const Segment& segment)
      : segment_(segment), end_(internal::MonotonicNow() + kTimeForQuestions) {}

  Liveness Ask(uint32_t participant) const {
    if (internal::MonotonicNow() >= end_) return Liveness::kUnknown;
    const absl::StatusOr<bool> held = segment_.IsAnyHeld(participant, 1);
    if (!held.ok()) return Liveness::kUnknown;
    return *held ? Liveness::kAlive : Liveness::kDead;
  }

 private:
  const Segment& segment_;
  const internal::MonotonicNanos end_;
};

template <typename Word>
auto Read(const Word& word) {
  // Relaxed: diagnostics only. Words of one participant may be some messages apart.
  return word.load(std::memory_order_relaxed);
}

template <typename Slot>
void ReadOwner(const Slot& slot, uint64_t pid_namespace, ParticipantStats* stats) {
  stats->name = internal::ReadName(slot.name);
  stats->pid = Read(slot.pid);
  stats->pid_is_ours = pid_namespace != 0 && Read(slot.pid_namespace) == pid_namespace;
  stats->attached = absl::FromUnixNanos(Read(slot.attached));
}

std::optional<OpenClaim> OpenClaimOf(const Ring& ring, const ObservedPositions& positions,
                                     uint16_t number) {
  const internal::SenderSlot& slot = ring.sender_slots[number];
  // [scan] acquire; pairs with [intent] release: size before position.
  const Position position = slot.intent_position.load(std::memory_order_acquire);
  const uint64_t size = Read(slot.intent_size);
  const uint64_t in_use = positions.in_use();
  if (!positions.valid || !internal::IsAligned(position) ||
      position - positions.released >= in_use || size == 0 || !internal::IsAligned(size) ||
      size > positions.claimed() - position || ring.IsCommittedClaim(position)) {
    return std::nullopt;
  }
  return OpenClaim{position, size, number};
}

ReceiverStats ReadReceiver(const Ring& ring, Liveness liveness, uint64_t pid_namespace) {
  const internal::ReceiverSlot& slot = *ring.receiver_slot;
  ReceiverStats stats;
  stats.liveness = liveness;
  ReadOwner(slot, pid_namespace, &stats);
  stats.epoch = Read(slot.epoch);
  stats.received_messages = Read(slot.received_records);
  stats.received_bytes = Read(slot.received_bytes);
  stats.discarded_records = Read(slot.discarded_records);
  stats.orphaned_records = Read(slot.orphaned_records);
  stats.orphaned_bytes = Read(slot.orphaned_bytes);
  stats.sleeps = Read(slot.sleeps);
  stats.redelivered_bytes = Read(slot.redelivered_bytes);
  stats.skipped_messages = Read(slot.skipped_records);
  if (liveness == Liveness::kDead) return stats;
  if (Read(ring.control->claim_wait) != 0) {
    stats.wait = ReceiverStats::Wait::kForClaim;
  } else if (Read(ring.control->receiver_wait) != 0) {
    stats.wait = ReceiverStats::Wait::kForCommit;
  }
  return stats;
}

SenderStats ReadSender(const Ring& ring, uint16_t number, Liveness liveness,
                       uint64_t pid_namespace) {
  const internal::SenderSlot& slot = ring.sender_slots[number];
  SenderStats stats;
  stats.liveness = liveness;
  ReadOwner(slot, pid_namespace, &stats);
  stats.slot = number;
  stats.owners = Read(slot.incarnation);
  stats.sent_messages = Read(slot.sent_records);
  stats.sent_bytes = Read(slot.sent_bytes);
  stats.last_sequence = Read(slot.sequence);
  stats.full_waits = Read(slot.full_waits);
  stats.waited = absl::Nanoseconds(static_cast<int64_t>(
      std::min<uint64_t>(Read(slot.waited_nanoseconds), std::numeric_limits<int64_t>::max())));
  stats.lost_races = Read(slot.lost_races);
  stats.turns = Read(slot.turns);
  stats.refused = Read(slot.refused);
  stats.high_water = Read(slot.high_water);
  stats.dropped_messages = Read(slot.dropped_records);
  return stats;
}

std::optional<TurnStats> ReadTurn(const Ring& ring, const ObservedPositions& positions) {
  if (!internal::HasTurnBit(positions.claim_word)) return std::nullopt;
  const uint64_t word = Read(ring.control->turn);
  const internal::MonotonicNanos now = internal::MonotonicNow();
  // No sender has this slot, so it is the turn of another if it is one.
  if (!internal::IsTurnOfAnother(word, internal::kMaxSenders, now)) return std::nullopt;
  const uint64_t slot = (word & internal::kTurnSlotMask) - 1;
  if (slot >= ring.sender_slot_count) return std::nullopt;
  return TurnStats{static_cast<uint16_t>(slot), Read(ring.control->turn_size),
                   absl::Nanoseconds(static_cast<int64_t>((word & ~internal::kTurnSlotMask) -
                                                          static_cast<uint64_t>(now)))};
}

std::optional<OldestRecord> ReadOldest(const Ring& ring, const ObservedPositions& positions) {
  if (!positions.valid || positions.in_use() == 0) return std::nullopt;
  OldestRecord oldest;
  oldest.position = positions.released;
  internal::RecordDescription untrusted;
  if (ring.ObserveRecord(positions.released, &untrusted) &&
      untrusted.length <= internal::kMaxPayload && untrusted.sender < ring.sender_slot_count) {
    oldest.committed = true;
    oldest.payload_bytes = untrusted.length;
    oldest.sender = untrusted.sender;
  }
  return oldest;
}

}  // namespace

ChannelStats Channel::Stats() const {
  const internal::SegmentHeader& header = segment_->header();
  const Ring& ring = segment_->ring();
  ChannelStats stats;
  stats.id = id();
  stats.path = path();
  stats.created = absl::FromUnixNanos(header.created);
  stats.capacity = header.capacity;
  stats.max_payload = segment_->max_payload();
  stats.max_senders = header.max_senders;
  stats.timestamps = (header.flags & internal::kTimestamps) != 0;
  stats.drops_newest = (header.flags & internal::kDropNewest) != 0;
  stats.huge_pages = (header.flags & internal::kMapHugePages) != 0;
  stats.full_barriers = internal::HasFullBarriers(*ring.control);

  const ObservedPositions positions = internal::ObservePositions(ring);
  stats.closed = (positions.claim_word & internal::kClaimClosed) != 0;
  stats.replaced = (positions.claim_word & internal::kClaimReplaced) != 0;
  stats.damaged = positions.damaged;
  stats.claim_position = positions.claimed();
  stats.release_position = positions.released;
  stats.fill = positions.valid ? positions.in_use() : 0;
  stats.turn = ReadTurn(ring, positions);
  stats.stale_turn = internal::HasTurnBit(positions.claim_word) && !stats.turn.has_value();
  stats.senders_wait = internal::AreSendersWaiting(*ring.control);
  stats.oldest_record = ReadOldest(ring, positions);

  const Questions questions(*segment_);
  const uint64_t pid_namespace = internal::PidNamespace();
  const Liveness receiver = questions.Ask(internal::ParticipantLock::kReceiver);
  if (Read(ring.receiver_slot->epoch) != 0 || receiver == Liveness::kAlive) {
    stats.receiver = ReadReceiver(ring, receiver, pid_namespace);
  }
  for (uint32_t i = 0; i < ring.sender_slot_count; ++i) {
    if (Read(ring.sender_slots[i].incarnation) == 0) continue;
    const uint16_t slot = static_cast<uint16_t>(i);
    SenderStats sender = ReadSender(
        ring, slot, questions.Ask(internal::ParticipantLock::OfSender(slot)), pid_namespace);
    sender.open_claim = OpenClaimOf(ring, positions, slot);
    stats.high_water = std::max(stats.high_water, sender.high_water);
    stats.dropped_messages += sender.dropped_messages;
    if (sender.open_claim.has_value() &&
        (!stats.oldest_open_claim.has_value() ||
         sender.open_claim->position - positions.released <
             stats.oldest_open_claim->position - positions.released)) {
      stats.oldest_open_claim = sender.open_claim;
    }
    stats.senders.push_back(std::move(sender));
  }
  return stats;
}

}  // namespace ipmpsc
