// ObservePositions: reads the claim word and the release position so that they can be compared, in
// a process that takes no part in the ring.
#ifndef IPMPSC_INTERNAL_RING_OBSERVED_POSITIONS_H_
#define IPMPSC_INTERNAL_RING_OBSERVED_POSITIONS_H_

#include <atomic>
#include <cstdint>

#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

struct ObservedPositions {
  Position released;
  ClaimWord claim_word;
  // Whether they belong together.
  bool valid;
  // They contradict each other at rest, so the segment is damaged. If both are false, the positions
  // moved too fast to be compared: look again.
  bool damaged;

  Position claimed() const { return ClaimPosition(claim_word); }
  uint64_t in_use() const { return claimed() - released; }
};

// The positions may move between two loads, by more than the capacity if this thread is stopped. So
// a contradiction counts only if the release position was the same before and after. Takes a
// bounded number of steps.
inline ObservedPositions ObservePositions(const Ring& ring) {
  constexpr int kTries = 64;
  ObservedPositions seen = {};
  for (int i = 0; i < kTries; ++i) {
    // [space] acquire; pairs with [release] release: what its receiver read before it released is
    // seen by later reads of this thread.
    seen.released = ring.control->release_position.load(std::memory_order_acquire);
    // [claimed] acquire; pairs with [claim] release: the second look at the release position is
    // not earlier than this one.
    seen.claim_word = ring.control->claim_word.load(std::memory_order_acquire);
    seen.valid = IsAligned(seen.released) && IsValidClaimWord(seen.claim_word) &&
                 seen.in_use() <= ring.capacity;
    if (seen.valid) break;
    // Relaxed: ordered by the claim word.
    seen.damaged = ring.control->release_position.load(std::memory_order_relaxed) == seen.released;
    if (seen.damaged) break;
  }
  return seen;
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_OBSERVED_POSITIONS_H_
