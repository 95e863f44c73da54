// The errors that senders and receivers return from more than one place. Each names the channel's
// path.
#ifndef IPMPSC_INTERNAL_ENDPOINT_ERRORS_H_
#define IPMPSC_INTERNAL_ENDPOINT_ERRORS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::internal {

// Returns an error of `code` with the path of the channel, if it has one, before `text`.
absl::Status ChannelError(absl::StatusCode code, const Segment& segment, absl::string_view text);

// kFailedPrecondition: the handle belongs to the parent of this process.
absl::Status InheritedThroughFork(const Segment& segment);

// The error of a sender or a receiver for a channel that has ended. REQUIRES: HasEnded(word).
absl::Status EndedForSender(const Segment& segment, ClaimWord word);
absl::Status EndedForReceiver(const Segment& segment, ClaimWord word);

// kAborted: the channel's file is no longer at its path.
absl::Status GoneFromItsPath(const Segment& segment);

// kDataLoss: the claim word and the release position contradict each other.
absl::Status CorruptPositions(const Segment& segment);

// kDeadlineExceeded: a sender has waited `waited` nanoseconds for space in vain.
absl::Status StillFull(const Segment& segment, int64_t waited);
// kDeadlineExceeded: a sender has waited `waited` nanoseconds in vain for a release up to
// `position`.
absl::Status StillUnreleased(const Segment& segment, Position position, int64_t waited);
// kCancelled: `Interrupt` was called.
absl::Status Interrupted(const Segment& segment);
// kDeadlineExceeded: a receiver has waited for a message in vain. `reason` may be empty.
absl::Status NothingCame(const Segment& segment, int64_t waited, absl::string_view reason);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_ERRORS_H_
