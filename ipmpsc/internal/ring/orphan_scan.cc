#include "ipmpsc/internal/ring/orphan_scan.h"

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "absl/container/inlined_vector.h"
#include "ipmpsc/internal/ring/claim_word.h"

namespace ipmpsc::internal {
namespace {

// Ends of records that dead senders may have claimed at the head.
struct Candidate {
  Position end;
  bool is_intent = false;  // of some slot
};

// Enough for every usual number of senders. More of them allocate.
using Candidates = absl::InlinedVector<Candidate, 64>;

Position IntentPosition(const SenderSlot& slot) {
  // [scan] acquire; pairs with [intent] release: size before position, and the stamp of the
  // previous record before this intent.
  return slot.intent_position.load(std::memory_order_acquire);
}

// Returns the smallest candidate that is a boundary: the beginning of a record, or the end of the
// claimed bytes. `claim` must have been loaded before the call.
const Candidate* FindBoundary(const Ring& ring, Position head, Position claim,
                              Candidates* candidates) {
  std::sort(candidates->begin(), candidates->end(),
            [head](const Candidate& a, const Candidate& b) { return a.end - head < b.end - head; });
  // All intents first, the stamps after them: the sender that claimed a place either still has that
  // intent, or has stamped before its next intent.
  for (uint32_t slot = 0; slot < ring.sender_slot_count; ++slot) {
    const Position intent = IntentPosition(ring.sender_slots[slot]);
    const auto at = std::lower_bound(candidates->begin(), candidates->end(), intent - head,
                                     [head](const Candidate& candidate, uint64_t bytes) {
                                       return candidate.end - head < bytes;
                                     });
    if (at != candidates->end() && at->end == intent) at->is_intent = true;
  }
  for (const Candidate& candidate : *candidates) {
    if (candidate.end == claim || candidate.is_intent || ring.IsCommittedClaim(candidate.end))
      return &candidate;
  }
  return nullptr;
}

}  // namespace

Scan ScanForOrphan(const Ring& ring, Position released, Position head,
                   absl::FunctionRef<OwnerState(uint16_t slot)> owner_of) {
  Scan scan = {};
  // [claimed] acquire; pairs with [claim] release: intent before claim.
  scan.claim_word = ring.control->claim_word.load(std::memory_order_acquire);
  const Position claim = ClaimPosition(scan.claim_word);
  const uint64_t in_use = claim - head;
  const auto result = [&scan](ScanResult value) {
    scan.result = value;
    return scan;
  };
  if (!IsValidClaimWord(scan.claim_word)) return result(ScanResult::kUnowned);
  if (in_use == 0) return result(ScanResult::kUnclaimed);
  if (claim - released > ring.capacity || in_use > ring.capacity)
    return result(ScanResult::kUnowned);

  Candidates candidates;
  for (uint32_t i = 0; i < ring.sender_slot_count; ++i) {
    const uint16_t slot = static_cast<uint16_t>(i);
    const SenderSlot& owner = ring.sender_slots[i];
    if (IntentPosition(owner) != head) continue;
    // Asks first whether it lives, then reads the intent again. The intent of a dead owner does not
    // change, and a new owner cannot have this intent, since `head` is claimed.
    const OwnerState state = owner_of(slot);
    if (state == OwnerState::kUnknown) {
      return result(ring.SeesStamp(head) ? ScanResult::kCommitted : ScanResult::kUndecided);
    }
    if (IntentPosition(owner) != head) continue;
    if (state == OwnerState::kAlive) {
      // It may have committed since.
      scan.slot = slot;
      return result(ring.SeesStamp(head) ? ScanResult::kCommitted : ScanResult::kOwnerAlive);
    }
    // Relaxed: ordered by the intent's position.
    const uint64_t size_untrusted = owner.intent_size.load(std::memory_order_relaxed);
    if (size_untrusted == 0 || size_untrusted > in_use || !IsAligned(size_untrusted)) continue;
    candidates.push_back({head + size_untrusted});
  }
  const Candidate* const end = FindBoundary(ring, head, claim, &candidates);

  // Looks again: the writer may have committed and continued, or died, during the scan.
  if (ring.SeesStamp(head)) return result(ScanResult::kCommitted);
  if (end == nullptr) return result(ScanResult::kUnowned);
  scan.end = end->end;
  return result(ScanResult::kOrphaned);
}

bool IsSlotReusable(const Ring& ring, uint16_t slot) {
  const Position intent = IntentPosition(ring.sender_slots[slot]);
  if (intent == kNoIntent) return true;
  // Its claim is committed: the stamp, not the intent, says where that record begins.
  if (IsAligned(intent) && ring.IsCommittedClaim(intent)) return true;
  // Relaxed: it only grows, so an old value at worst says "not yet".
  if (IsBefore(intent, ring.control->release_position.load(std::memory_order_relaxed))) return true;
  // Relaxed: an old value could give a wrong answer, but the lock that the caller holds comes after
  // the dead owner's last claim.
  return !IsBefore(intent, ClaimPosition(ring.control->claim_word.load(std::memory_order_relaxed)));
}

}  // namespace ipmpsc::internal
