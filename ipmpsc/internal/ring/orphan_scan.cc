#include "ipmpsc/internal/ring/orphan_scan.h"

#include <atomic>

namespace ipmpsc::internal {
namespace {

Position IntentPosition(const SenderSlot& slot) {
  // [scan] acquire; pairs with [intent] release: size before position, and the stamp of the
  // previous record before this intent.
  return slot.intent_position.load(std::memory_order_acquire);
}

// A place where a record begins or where nothing is claimed yet. `claim` must have been loaded
// before the call.
bool IsBoundary(const Ring& ring, Position place, Position claim) {
  if (place == claim) return true;
  // The intents first, the stamp after them: whoever claimed `place` either still has that intent,
  // or has stamped before it went on to its next.
  for (uint32_t slot = 0; slot < ring.sender_slot_count; ++slot) {
    if (IntentPosition(ring.sender_slots[slot]) == place) return true;
  }
  return ring.IsCommittedClaim(place);
}

}  // namespace

Scan ScanForOrphan(const Ring& ring, Position released, Position head,
                   absl::FunctionRef<bool(uint16_t slot)> is_alive) {
  // [claimed] acquire; pairs with [claim] release: intent before claim.
  const Position claim = ring.control->claim_position.load(std::memory_order_acquire);
  const uint64_t in_use = claim - head;
  if (in_use == 0) return {ScanResult::kUnclaimed};
  if (claim - released > ring.capacity || in_use > ring.capacity || !IsAligned(claim))
    return {ScanResult::kUnowned};

  bool found = false;
  Position end = 0;
  for (uint32_t i = 0; i < ring.sender_slot_count; ++i) {
    const uint16_t slot = static_cast<uint16_t>(i);
    const SenderSlot& owner = ring.sender_slots[i];
    if (IntentPosition(owner) != head) continue;
    // First whether it lives, then, once more, the intent: what the dead leave does not change, and
    // a new owner cannot have this intent, since `head` is claimed.
    const bool alive = is_alive(slot);
    if (IntentPosition(owner) != head) continue;
    if (alive) {
      // Perhaps it has committed since.
      if (ring.IsStamped(head)) return {ScanResult::kCommitted};
      return {ScanResult::kOwnerAlive, slot};
    }
    // Relaxed: ordered by the intent's position.
    const uint64_t size_untrusted = owner.intent_size.load(std::memory_order_relaxed);
    if (size_untrusted == 0 || size_untrusted > in_use || !IsAligned(size_untrusted)) continue;
    const Position candidate = head + size_untrusted;
    if (found && !IsBefore(candidate, end)) continue;
    if (!IsBoundary(ring, candidate, claim)) continue;
    found = true;
    end = candidate;
  }

  // The second look: the writer may have committed and gone on, or died, during the scan.
  if (ring.IsStamped(head)) return {ScanResult::kCommitted};
  if (!found) return {ScanResult::kUnowned};
  return {ScanResult::kOrphaned, 0, end};
}

bool IsSlotReusable(const Ring& ring, uint16_t slot) {
  const Position intent = IntentPosition(ring.sender_slots[slot]);
  if (intent == kNoIntent) return true;
  // What it claimed is committed: the stamp, not the intent, says where that record begins.
  if (IsAligned(intent) && ring.IsCommittedClaim(intent)) return true;
  // Relaxed: it only grows, so that an old value says "not yet" at worst.
  if (IsBefore(intent, ring.control->release_position.load(std::memory_order_relaxed))) return true;
  // Relaxed: an old value would lie here, but the lock that the caller holds comes after the dead
  // owner's last claim.
  return !IsBefore(intent, ring.control->claim_position.load(std::memory_order_relaxed));
}

}  // namespace ipmpsc::internal
