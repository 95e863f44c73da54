#include "ipmpsc/internal/status_texts.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/ring/control.h"

namespace ipmpsc::internal {
namespace {

absl::Status Replaced() {
  return absl::AbortedError("the channel was replaced by a new one at its path: open it again");
}

}  // namespace

absl::Status InheritedThroughFork() {
  return absl::FailedPreconditionError(
      "this handle was inherited through fork: attach anew in the child");
}

absl::Status EndedForSender(uint32_t flags) {
  if ((flags & kFlagReplaced) != 0) return Replaced();
  return absl::FailedPreconditionError("the channel is closed");
}

absl::Status EndedForReceiver(uint32_t flags) {
  if ((flags & kFlagReplaced) != 0) return Replaced();
  return absl::OutOfRangeError("the channel is closed and all has been received");
}

absl::Status CorruptPositions(const Ring& ring) {
  // Relaxed: for people.
  return absl::DataLossError(absl::StrCat(
      "the channel is damaged: claim position ",
      ring.control->claim_position.load(std::memory_order_relaxed), " and release position ",
      ring.control->release_position.load(std::memory_order_relaxed),
      " contradict each other at a capacity of ", ring.capacity));
}

}  // namespace ipmpsc::internal
