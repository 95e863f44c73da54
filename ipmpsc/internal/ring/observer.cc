#include "ipmpsc/internal/ring/observer.h"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>

#include "absl/base/attributes.h"
#include "absl/base/casts.h"

namespace ipmpsc::internal {
namespace {

// The most positions that one call looks at: 4 MiB of the ring.
constexpr int kMostSteps = 1 << 16;

// Copies bytes that senders may be overwriting. Word by word, so that the race is one of atomic
// accesses. Not instrumented, since senders write payloads by plain stores, and TSan cannot know
// that the copy is thrown away then. REQUIRES: `from` is aligned to 8.
ABSL_ATTRIBUTE_NO_SANITIZE_THREAD void CopyRacing(char* to, const char* from, size_t size) {
  const auto* const words = reinterpret_cast<const uint64_t*>(from);
  const size_t whole = size / sizeof(uint64_t);
  for (size_t i = 0; i < whole; ++i) {
    // Relaxed: the [overtaken] fence follows the copy.
    const uint64_t word = __atomic_load_n(words + i, __ATOMIC_RELAXED);
    __builtin_memcpy(to + i * sizeof(word), &word, sizeof(word));
  }
  for (size_t i = whole * sizeof(uint64_t); i < size; ++i) {
    // Relaxed: as above.
    to[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
  }
}

ABSL_ATTRIBUTE_NO_SANITIZE_THREAD RecordDescription LoadDescription(const Ring& ring,
                                                                    Position position) {
  // Relaxed: the stamp was acquired.
  return absl::bit_cast<RecordDescription>(
      __atomic_load_n(reinterpret_cast<const uint64_t*>(ring.At(position)) + 1, __ATOMIC_RELAXED));
}

}  // namespace

Observer::Observer(const Ring& ring, Start start) : ring_(ring), start_(start) {
  const ObservedPositions positions = ObservePositions(ring_);
  if (start == Start::kClaim) {
    cursor_ = positions.claimed();
    mode_ = Mode::kAtRecord;
  } else {
    Restart(positions);
  }
}

void Observer::Restart(const ObservedPositions& positions) {
  if (mode_ == Mode::kAtRecord) gap_ = cursor_;
  if (mode_ != Mode::kStarting) mode_ = Mode::kOvertaken;
  uint64_t kept = 0;
  if (start_ == Start::kAll) kept = ring_.capacity;
  if (start_ == Start::kKept) kept = ring_.capacity / 4 * 3;
  if (kept > positions.in_use()) {
    cursor_ = positions.claimed() - kept;
    return;
  }
  // Every release position lies between two records. Aligned, also if the segment is damaged.
  cursor_ = positions.released & ~(kRecordAlignment - 1);
  EndGap();
}

bool Observer::EndGap() {
  const uint64_t bytes = cursor_ - gap_;
  const Mode ended = mode_;
  mode_ = Mode::kAtRecord;
  if (ended == Mode::kStarting) return false;
  // While it searched for the end of a hole, senders may have overwritten the records behind it.
  if (ended == Mode::kOvertaken || WasOvertaken(gap_)) {
    gaps_.lost_bytes += bytes;
    ++gaps_.overtakings;
    return false;
  }
  gaps_.hole_bytes += bytes;
  ++gaps_.holes;
  last_hole_ = gap_;
  return true;
}

bool Observer::WasOvertaken(Position position) const {
  // [overtaken] acquire; pairs with [reused] release: if a byte that was read before is one of a
  // later claim, that claim is seen below.
  std::atomic_thread_fence(std::memory_order_acquire);
  // Relaxed: ordered by the fence.
  const Position claimed = ClaimPosition(ring_.control->claim_word.load(std::memory_order_relaxed));
  return claimed - position > ring_.capacity;
}

void Observer::Search(Position limit, int* steps) {
  for (; *steps < kMostSteps; ++*steps) {
    // A record of a batch does not count, since its claim may never have been committed.
    if (!IsBefore(cursor_, limit) || ring_.IsCommittedClaim(cursor_)) break;
    cursor_ += kRecordAlignment;
  }
}

Observer::Copy Observer::CopyRecord(ObservedRecord* record, std::string* payload) {
  const RecordDescription untrusted = LoadDescription(ring_, cursor_);
  // Relaxed: the stamp was acquired, and its sender claimed the record before.
  const Position claimed = ClaimPosition(ring_.control->claim_word.load(std::memory_order_relaxed));
  const uint64_t room = claimed - cursor_;
  const bool valid = room <= ring_.capacity && untrusted.length <= kMaxPayload &&
                     ring_.RecordSizeOf(untrusted.length) <= room &&
                     untrusted.sender < ring_.sender_slot_count && untrusted.reserved == 0 &&
                     untrusted.kind >= RecordKind::kMessage &&
                     untrusted.kind <= RecordKind::kInBatch;
  const RecordDescription& description = untrusted;  // used only if it is valid
  const bool is_message = description.kind != RecordKind::kDiscarded;
  const uint64_t size = valid ? ring_.RecordSizeOf(description.length) : 0;
  if (valid && is_message) {
    payload->resize(description.length);
    CopyRacing(&(*payload)[0], ring_.At(cursor_) + sizeof(RecordHeader), description.length);
    *record = {cursor_, description.sender, {}};
    if (ring_.trailer_size != 0) {
      CopyRacing(reinterpret_cast<char*>(&record->trailer), ring_.TrailerAt(cursor_, size),
                 sizeof(record->trailer));
    }
  }
  // The stamp does not suffice: the next lap writes its payload first and its stamp last.
  if (WasOvertaken(cursor_)) return Copy::kOvertaken;
  if (!valid) return Copy::kCorrupt;
  cursor_ += size;
  return is_message ? Copy::kMessage : Copy::kDiscarded;
}

Observation Observer::Next(ObservedRecord* record, std::string* payload) {
  for (int steps = 0; steps < kMostSteps; ++steps) {
    if (mode_ == Mode::kAtRecord && ring_.SeesStamp(cursor_)) {
      switch (CopyRecord(record, payload)) {
        case Copy::kMessage:
          return Observation::kMessage;
        case Copy::kDiscarded:
          continue;
        case Copy::kCorrupt:
          return Observation::kCorrupt;
        case Copy::kOvertaken:
          break;
      }
    }
    const ObservedPositions positions = ObservePositions(ring_);
    if (!positions.valid) return positions.damaged ? Observation::kCorrupt : Observation::kMore;
    const Position claimed = positions.claimed();
    if (claimed - cursor_ > ring_.capacity) {
      if (IsBefore(claimed, cursor_)) return Observation::kCorrupt;
      Restart(positions);
      continue;
    }
    if (mode_ != Mode::kAtRecord) {
      Search(positions.released, &steps);
      if (steps < kMostSteps && EndGap()) return Observation::kHole;
      continue;
    }
    if (claimed == cursor_) {
      if (!HasEnded(positions.claim_word)) return Observation::kNothing;
      end_ = positions.claim_word & kClaimEnded;
      return Observation::kEnded;
    }
    if (!IsBefore(cursor_, positions.released)) {
      // Not committed when the first look was taken, and perhaps since.
      if (ring_.SeesStamp(cursor_)) continue;
      return Observation::kUnfinished;
    }
    // Released without a stamp. The receiver has taken the record after the first look, or has
    // stepped over it. [space] made all that the receiver saw visible here.
    if (ring_.SeesStamp(cursor_) || WasOvertaken(cursor_)) continue;
    mode_ = Mode::kInHole;
    gap_ = cursor_;
    cursor_ += kRecordAlignment;
  }
  return Observation::kMore;
}

Scan Observer::StepOverOrphan(absl::FunctionRef<OwnerState(uint16_t slot)> owner_of) {
  Scan scan = ScanForOrphan(ring_, cursor_, cursor_, owner_of);
  if (scan.result != ScanResult::kOrphaned) return scan;
  // Once the receiver has released the record, a new owner of the slot may have had another intent
  // there. That owner had seen the release, so it is seen here.
  const ObservedPositions positions = ObservePositions(ring_);
  if (!positions.valid || IsBefore(cursor_, positions.released)) {
    scan.result = ScanResult::kUndecided;
    return scan;
  }
  mode_ = Mode::kInHole;
  gap_ = cursor_;
  cursor_ = scan.end;
  EndGap();
  return scan;
}

}  // namespace ipmpsc::internal
