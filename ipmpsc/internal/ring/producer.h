// Producer: a sender's half of the protocol: claim, then commit or discard. Never waits.
//
//   intent --CAS won--> claimed --Commit()--> committed
//     |                    `----Commit(kDiscarded)--> discarded
//     `--full, or lost too often--> no intent
//
// A death leaves: an intent that claimed nothing; or a claimed run whose length stands in the
// intent, which the receiver steps over; or a whole record.
#ifndef IPMPSC_INTERNAL_RING_PRODUCER_H_
#define IPMPSC_INTERNAL_RING_PRODUCER_H_

#include <atomic>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/casts.h"
#include "absl/base/optimization.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

enum class ClaimResult {
  kClaimed,
  kFull,       // too little space, or (ClaimWhenEmpty) something is in the ring
  kContended,  // lost to other senders `kMaxLostRaces` times in a row
  kCorrupt,    // the shared positions contradict themselves
};

class Producer {
 public:
  static constexpr int kMaxLostRaces = 1000;

  // REQUIRES: this sender owns the slot, and its intent is clear.
  Producer(const Ring& ring, uint16_t slot)
      : ring_(ring),
        slot_(&ring.sender_slots[slot]),
        slot_number_(slot),
        // [space] acquire; pairs with [release] release: payloads are read before their bytes are
        // written again.
        release_(ring.control->release_position.load(std::memory_order_acquire)) {}

  // Claims `size` bytes, a `RecordSize`. REQUIRES: size <= capacity.
  ClaimResult Claim(uint64_t size, Position* claimed) {
    return ClaimWithin(size, ring_.capacity - size, claimed);
  }

  // The same, but only at a moment when all that was claimed before is released.
  ClaimResult ClaimWhenEmpty(uint64_t size, Position* claimed) {
    return ClaimWithin(size, 0, claimed);
  }

  // Whether `size` bytes could be claimed now, as far as the receiver is concerned. For a sender
  // that waits.
  bool HasSpace(uint64_t size, bool when_empty) {
    // [space] acquire; pairs with [release] release: payloads are read before their bytes are
    // written again.
    release_ = ring_.control->release_position.load(std::memory_order_acquire);
    // Relaxed: a guess; `Claim` decides.
    const Position claim = ring_.control->claim_position.load(std::memory_order_relaxed);
    return claim - release_ <= (when_empty ? 0 : ring_.capacity - size);
  }

  // Makes a claimed record visible to the receiver. The payload must be in place. REQUIRES: a claim
  // of at least RecordSize(length) at `position`.
  void Commit(Position position, uint32_t length, RecordKind kind) {
    RecordHeader* header = ring_.HeaderAt(position);
    // Relaxed: published by the stamp.
    header->description.store(
        absl::bit_cast<uint64_t>(RecordDescription{length, slot_number_, kind, 0}),
        std::memory_order_relaxed);
    // [commit] release; pairs with [take] acquire: payload and header before stamp.
    header->stamp.store(ring_.StampOf(position), std::memory_order_release);
  }

  // For people. After the commit, out of the receiver's way.
  void CountSent(uint64_t records, uint64_t payload_bytes) {
    // Relaxed, and no read-modify-write: only this sender writes its counters.
    slot_->sent_records.store(slot_->sent_records.load(std::memory_order_relaxed) + records,
                              std::memory_order_relaxed);
    slot_->sent_bytes.store(slot_->sent_bytes.load(std::memory_order_relaxed) + payload_bytes,
                            std::memory_order_relaxed);
  }

  // Withdraws an intent that claimed nothing, so that the receiver does not wait for it.
  void ClearIntent() {
    // [intent] release; pairs with [scan] acquire: the stamp of the previous record before the next
    // intent.
    slot_->intent_position.store(kNoIntent, std::memory_order_release);
  }

 private:
  static constexpr uint64_t kPrefetchAhead = 2048;

  // Claims `size` bytes if at most `most_used` are in use.
  ClaimResult ClaimWithin(uint64_t size, uint64_t most_used, Position* claimed) {
    bool has_intent = false;
    // Relaxed: the CAS orders what matters.
    Position claim = ring_.control->claim_position.load(std::memory_order_relaxed);
    for (int lost = 0; lost < kMaxLostRaces; ++lost) {
      if (ABSL_PREDICT_FALSE(claim - release_ > most_used)) {
        const ClaimResult space = FindSpace(most_used, &claim);
        if (space != ClaimResult::kClaimed) {
          if (has_intent) ClearIntent();
          return space;
        }
      }
      if (ABSL_PREDICT_FALSE(!IsAligned(claim))) {
        if (has_intent) ClearIntent();
        return ClaimResult::kCorrupt;
      }
      // Relaxed: published by the intent's position.
      slot_->intent_size.store(size, std::memory_order_relaxed);
      // [intent] release; pairs with [scan] acquire: size before position, and the stamp of the
      // previous record before this intent.
      slot_->intent_position.store(claim, std::memory_order_release);
      has_intent = true;
      // [claim] release; pairs with [claimed] acquire: intent before claim. Failure is relaxed:
      // nothing was read that the new value guards.
      if (ABSL_PREDICT_TRUE(ring_.control->claim_position.compare_exchange_weak(
              claim, claim + size, std::memory_order_release, std::memory_order_relaxed))) {
        *claimed = claim;
        // The next claim waits until what is written now is in this processor's cache, and the lines
        // are in the receiver's still: asked for a few messages ahead, they are here by then.
        __builtin_prefetch(ring_.At(claim + size + kPrefetchAhead), /*rw=*/1);
        return ClaimResult::kClaimed;
      }
    }
    ClearIntent();
    return ClaimResult::kContended;
  }

  // Looks again at both positions. kClaimed: there is space at `*claim`.
  ABSL_ATTRIBUTE_NOINLINE ClaimResult FindSpace(uint64_t most_used, Position* claim) {
    Position release_before = release_;
    for (int look = 0; look < kMaxLostRaces; ++look) {
      // [claimed] acquire; pairs with [claim] release: whoever claimed up to here had seen the
      // release that made room for it, so the next load does, too.
      *claim = ring_.control->claim_position.load(std::memory_order_acquire);
      if (!IsAligned(*claim)) return ClaimResult::kCorrupt;
      if (look > 0 && IsBefore(*claim, release_before)) return ClaimResult::kCorrupt;
      // [space] acquire; pairs with [release] release: payloads are read before their bytes are
      // written again.
      release_ = ring_.control->release_position.load(std::memory_order_acquire);
      if (!IsBefore(*claim, release_)) {
        const uint64_t used = *claim - release_;
        if (used > ring_.capacity) return ClaimResult::kCorrupt;
        return used > most_used ? ClaimResult::kFull : ClaimResult::kClaimed;
      }
      // Released beyond the claim: right only if others have claimed between the two loads.
      release_before = release_;
    }
    return ClaimResult::kContended;
  }

  const Ring ring_;
  SenderSlot* const slot_;
  const uint16_t slot_number_;
  Position release_;  // as last seen
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_PRODUCER_H_
