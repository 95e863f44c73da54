// ScanForOrphan: finds the state of a record that is claimed but not committed. It is still being
// written, or it is orphaned, and then the scan finds its end.
//
// Why the answer is right (DESIGN.md, "Recovery", has the whole argument):
//  * The sender that claimed `head` wrote its intent before the claim, and keeps it until after its
//    stamp. So a scan that has seen the claim position beyond `head` sees the claimer's intent, or
//    else its stamp.
//  * Of the dead senders with that intent only one has claimed. The others lost the race and died,
//    and their sizes mean nothing. The record's true end is the beginning of the next record or the
//    claim position. The scan recognises both, and mistakes no place inside the record for them. So
//    the smallest candidate that is such a boundary is the end.
#ifndef IPMPSC_INTERNAL_RING_ORPHAN_SCAN_H_
#define IPMPSC_INTERNAL_RING_ORPHAN_SCAN_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

enum class OwnerState {
  kAlive,
  kDead,     // and stays dead
  kUnknown,  // the question cannot be answered now: the scan ends without a verdict
};

enum class ScanResult {
  kCommitted,   // in the meantime
  kUnclaimed,   // no sender has claimed `head`
  kOwnerAlive,  // `slot` is writing it, or is about to learn that it lost the race for it
  kOrphaned,    // its owner died; the record ends at `end`
  kUnowned,     // none of these: the shared words contradict themselves
  kUndecided,   // `owner_of` had no answer
};

struct Scan {
  ScanResult result;
  uint16_t slot = 0;    // kOwnerAlive
  Position end = 0;     // kOrphaned
  uint64_t claim_word;  // kUnclaimed: the word that showed it
};

// `owner_of` returns the state of the slot's owner. It is called only for slots that may have
// claimed `head`. `released` is the receiver's own release position. Takes time linear in the
// number of slots, beside those calls.
Scan ScanForOrphan(const Ring& ring, Position released, Position head,
                   absl::FunctionRef<OwnerState(uint16_t slot)> owner_of);

// Whether a new sender may take the slot: nothing in the ring depends on the intent of its last
// owner. Final only for a caller that holds the slot's lock, and a hint for others.
bool IsSlotReusable(const Ring& ring, uint16_t slot);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_ORPHAN_SCAN_H_
