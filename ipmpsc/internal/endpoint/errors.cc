#include "ipmpsc/internal/endpoint/errors.h"

#include <atomic>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "ipmpsc/internal/endpoint/participant.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {
namespace {

absl::Status Replaced(const Segment& segment) {
  return ChannelError(absl::StatusCode::kAborted, segment,
                      "a new channel has replaced this one at its path: open it again");
}

// Formats with three digits: "0.5 kB", "16.7 MB".
std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1000) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "kB";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    value /= 1000;
    unit = next;
    if (value < 999.5) break;
  }
  return absl::StrFormat("%.3g %s", value, unit);
}

// Returns `receiver ("viewer", process 4711) attached` or `no receiver attached`.
std::string AttachedReceiver(const Segment& segment) {
  const absl::StatusOr<bool> has_receiver = segment.HasReceiver();
  return absl::StrCat(has_receiver.ok() && *has_receiver
                          ? DescribeOwner(*segment.ring().receiver_slot)
                          : "no receiver",
                      " attached");
}

std::string FormatWait(int64_t nanoseconds) {
  return absl::FormatDuration(absl::Trunc(absl::Nanoseconds(nanoseconds), absl::Milliseconds(1)));
}

}  // namespace

absl::Status ChannelError(absl::StatusCode code, const Segment& segment, absl::string_view text) {
  if (segment.path().empty()) return absl::Status(code, text);
  return absl::Status(code, absl::StrCat(segment.path(), ": ", text));
}

absl::Status InheritedThroughFork(const Segment& segment) {
  return ChannelError(absl::StatusCode::kFailedPrecondition, segment,
                      "this handle was inherited through fork: attach anew in the child");
}

absl::Status EndedForSender(const Segment& segment, ClaimWord word) {
  if ((word & kClaimReplaced) != 0) return Replaced(segment);
  return ChannelError(absl::StatusCode::kFailedPrecondition, segment, "the channel is closed");
}

absl::Status EndedForReceiver(const Segment& segment, ClaimWord word) {
  if ((word & kClaimReplaced) != 0) return Replaced(segment);
  return ChannelError(absl::StatusCode::kOutOfRange, segment,
                      "the channel is closed and all messages have been received");
}

absl::Status GoneFromItsPath(const Segment& segment) {
  return ChannelError(absl::StatusCode::kAborted, segment,
                      "the channel's file was removed from its path, or another file is there: "
                      "create or open it again");
}

absl::Status CorruptPositions(const Segment& segment) {
  const Ring& ring = segment.ring();
  // Relaxed, both: diagnostics only.
  return ChannelError(absl::StatusCode::kDataLoss, segment,
                      absl::StrCat("the channel is damaged: claim word ",
                                   ring.control->claim_word.load(std::memory_order_relaxed),
                                   " and release position ",
                                   ring.control->release_position.load(std::memory_order_relaxed),
                                   " contradict each other at a capacity of ", ring.capacity,
                                   " bytes; replace the channel"));
}

absl::Status StillFull(const Segment& segment, int64_t waited) {
  const Ring& ring = segment.ring();
  // Relaxed, both: diagnostics only.
  const Position released = ring.control->release_position.load(std::memory_order_relaxed);
  const Position claimed = ClaimPosition(ring.control->claim_word.load(std::memory_order_relaxed));
  std::string text =
      absl::StrCat("full for ", FormatWait(waited), ": ", FormatBytes(claimed - released), " of ",
                   FormatBytes(ring.capacity), " used, ");
  absl::StrAppend(&text, AttachedReceiver(segment));
  RecordDescription oldest_untrusted;
  if (ring.ObserveRecord(released, &oldest_untrusted) &&
      oldest_untrusted.sender < ring.sender_slot_count) {
    absl::StrAppend(
        &text, ", oldest message of ",
        DescribeOwner(ring.sender_slots[oldest_untrusted.sender], oldest_untrusted.sender));
  }
  return ChannelError(absl::StatusCode::kDeadlineExceeded, segment, text);
}

absl::Status StillUnreleased(const Segment& segment, Position position, int64_t waited) {
  // Relaxed: diagnostics only.
  const Position released =
      segment.ring().control->release_position.load(std::memory_order_relaxed);
  return ChannelError(
      absl::StatusCode::kDeadlineExceeded, segment,
      absl::StrCat("position ", position, " is not released after ", FormatWait(waited),
                   ": released up to ", released, ", ", AttachedReceiver(segment)));
}

absl::Status Interrupted(const Segment& segment) {
  return ChannelError(absl::StatusCode::kCancelled, segment,
                      "the wait was interrupted by Interrupt()");
}

absl::Status NothingCame(const Segment& segment, int64_t waited, absl::string_view reason) {
  std::string text = absl::StrCat("no message for ", FormatWait(waited), ": ");
  if (reason.empty()) {
    const absl::StatusOr<bool> has_sender = segment.HasSender();
    absl::StrAppend(&text,
                    has_sender.ok() && *has_sender ? "nothing was sent" : "no sender is attached");
  } else {
    absl::StrAppend(&text, reason);
  }
  if (segment.IsGoneFromPath()) {
    absl::StrAppend(
        &text, "; the channel's file is no longer at its path, so no other program can open it");
  }
  return ChannelError(absl::StatusCode::kDeadlineExceeded, segment, text);
}

}  // namespace ipmpsc::internal
