// Errors that several functions return, worded once.
#ifndef IPMPSC_INTERNAL_STATUS_TEXTS_H_
#define IPMPSC_INTERNAL_STATUS_TEXTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

// kFailedPrecondition.
absl::Status InheritedThroughFork();

// A channel whose `ControlBlock::flags` say that it ended: kFailedPrecondition (closed) or kAborted
// (replaced).
absl::Status EndedForSender(uint32_t flags);
// The same for a receiver that has received all: kOutOfRange (closed) or kAborted (replaced).
absl::Status EndedForReceiver(uint32_t flags);

// kDataLoss, with the two shared positions.
absl::Status CorruptPositions(const Ring& ring);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_STATUS_TEXTS_H_
