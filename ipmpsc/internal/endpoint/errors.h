// The statuses that senders and receivers return, where more than one place returns them. Each names
// the channel's path.
#ifndef IPMPSC_INTERNAL_ENDPOINT_ERRORS_H_
#define IPMPSC_INTERNAL_ENDPOINT_ERRORS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::internal {

// The code with `text`, after the path of the channel where it has one.
absl::Status ChannelError(absl::StatusCode code, const Segment& segment, absl::string_view text);

// kFailedPrecondition: the handle belongs to the parent of this process.
absl::Status InheritedThroughFork(const Segment& segment);

// The status of a sender or a receiver of a channel that has ended. REQUIRES: HasEnded(word).
absl::Status EndedForSender(const Segment& segment, ClaimWord word);
absl::Status EndedForReceiver(const Segment& segment, ClaimWord word);

// kAborted: the channel's file is no longer at its path.
absl::Status GoneFromItsPath(const Segment& segment);

// kDataLoss: the claim word and the release position contradict each other.
absl::Status CorruptPositions(const Segment& segment);

// kDeadlineExceeded: a sender has waited for space in vain, `waited` nanoseconds.
absl::Status StillFull(const Segment& segment, int64_t waited);
// kDeadlineExceeded: a receiver has waited for a message in vain. `reason` may be empty.
absl::Status NothingCame(const Segment& segment, int64_t waited, absl::string_view reason);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_ERRORS_H_
