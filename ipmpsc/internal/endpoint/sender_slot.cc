#include "ipmpsc/internal/endpoint/sender_slot.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ipmpsc/internal/endpoint/errors.h"
#include "ipmpsc/internal/endpoint/participant.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {
namespace {

// Nanoseconds. A look reads the slots. A scan also asks the kernel about each lock, which takes
// time in proportion to the locks of the file.
constexpr int64_t kFirstPause = 1'000'000;
constexpr int64_t kLongestPause = 16'000'000;
constexpr int64_t kScanInterval = 100'000'000;

// How many owners an error names.
constexpr size_t kMostNamed = 4;

// Slots by the pid that they show.
enum class Shown {
  kLeft,   // none: the owner has detached, or is just attaching
  kOwned,  // the owner's, which may be dead
};

// The living owners that a scan has met.
struct Owners {
  uint32_t count = 0;
  absl::InlinedVector<uint16_t, kMostNamed> named;

  void Add(uint16_t slot) {
    ++count;
    if (named.size() < kMostNamed) named.push_back(slot);
  }
};

absl::StatusOr<std::optional<OwnedSlot>> TryTake(const Segment& segment, Shown shown,
                                                 Owners* owners) {
  const Ring& ring = segment.ring();
  for (uint32_t i = 0; i < ring.sender_slot_count; ++i) {
    const uint16_t slot = static_cast<uint16_t>(i);
    // Relaxed: a hint which slots to try.
    const bool left = ring.sender_slots[i].pid.load(std::memory_order_relaxed) == 0;
    if (left != (shown == Shown::kLeft)) continue;
    // Also checked before the lock is taken: otherwise a slot that must wait for the receiver would
    // look alive meanwhile.
    if (!IsSlotReusable(ring, slot)) continue;
    const uint32_t participant = ParticipantLock::OfSender(slot);
    const absl::StatusOr<bool> held = segment.IsAnyHeld(participant, 1);
    if (!held.ok()) return held.status();
    if (*held) {
      owners->Add(slot);
      continue;
    }
    absl::StatusOr<std::optional<ParticipantLock>> locked =
        ParticipantLock::TryLock(segment.file(), participant);
    if (!locked.ok()) return locked.status();
    if (!locked->has_value()) {
      owners->Add(slot);
      continue;
    }
    if (IsSlotReusable(ring, slot)) return OwnedSlot{slot, **std::move(locked)};
  }
  return std::nullopt;
}

// `waited`: nanoseconds; 0 if the caller did not wait.
absl::Status NoSlot(const Segment& segment, const Owners& owners, int64_t waited) {
  const Ring& ring = segment.ring();
  std::string text = "no sender slot is free";
  if (waited != 0) {
    absl::StrAppend(
        &text, " after ",
        absl::FormatDuration(absl::Trunc(absl::Nanoseconds(waited), absl::Milliseconds(1))));
  }
  absl::StrAppend(&text, ": of ", ring.sender_slot_count, ", ", owners.count,
                  " belong to living senders");
  for (size_t i = 0; i < owners.named.size(); ++i) {
    const uint16_t slot = owners.named[i];
    absl::StrAppend(&text, i == 0 ? ", which are " : ", ",
                    DescribeOwner(ring.sender_slots[slot], slot));
  }
  if (owners.count > owners.named.size()) {
    absl::StrAppend(&text, " and ", owners.count - owners.named.size(), " more");
  }
  if (owners.count < ring.sender_slot_count) {
    absl::StrAppend(&text, ", ", ring.sender_slot_count - owners.count,
                    " wait until a receiver has stepped over the claims of their dead owners");
  }
  absl::StrAppend(
      &text,
      "; end a sender, wait for one with SenderOptions::deadline, or create the channel "
      "with a larger max_senders");
  return ChannelError(absl::StatusCode::kResourceExhausted, segment, text);
}

}  // namespace

absl::StatusOr<OwnedSlot> TakeSenderSlot(const Segment& segment, Deadline deadline) {
  const Ring& ring = segment.ring();
  MonotonicNanos begin = 0;  // of the wait
  MonotonicNanos next_scan = 0;
  for (int64_t pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    // Decided first: the last look comes after the deadline.
    const bool last = deadline.Passed();
    const absl::Status complete = segment.CheckFileSize();
    if (!complete.ok()) return complete;
    // Relaxed: it orders no other reads.
    const ClaimWord word = ring.control->claim_word.load(std::memory_order_relaxed);
    if (ABSL_PREDICT_FALSE(HasEnded(word))) return EndedForSender(segment, word);
    // Slots of owners that detached come first: they are certainly free. So many senders that
    // attach one after the other need not ask the kernel about each other.
    Owners owners;
    absl::StatusOr<std::optional<OwnedSlot>> taken = TryTake(segment, Shown::kLeft, &owners);
    if (!taken.ok()) return taken.status();
    const MonotonicNanos now = MonotonicNow();
    if (!taken->has_value() && (last || now >= next_scan)) {
      taken = TryTake(segment, Shown::kOwned, &owners);
      if (!taken.ok()) return taken.status();
      next_scan = now + kScanInterval;
    }
    if (taken->has_value()) return **std::move(taken);
    if (last) return NoSlot(segment, owners, begin == 0 ? 0 : now - begin);
    if (begin == 0) begin = now;
    SleepUntil(std::min(now + pause, deadline.nanoseconds()));
  }
}

}  // namespace ipmpsc::internal
