// Consumer: the receiver's half of the protocol. It takes in order, releases in order, and never
// waits.
//
// It trusts only its own positions (`head_`, `released_`). It loads each word of the ring once,
// checks it and then uses it.
#ifndef IPMPSC_INTERNAL_RING_CONSUMER_H_
#define IPMPSC_INTERNAL_RING_CONSUMER_H_

#include <atomic>
#include <cstdint>
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/casts.h"
#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "ipmpsc/internal/ring/cache_lines.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/tuning.h"

namespace ipmpsc::internal {

enum class TakeResult {
  kTaken,
  kNone,     // nothing is committed at `head()`, or only a long run of discarded records
  kCorrupt,  // the record at `head()` is invalid
};

struct TakenRecord {
  Position position;
  const char* payload;
  uint32_t length;
  uint16_t sender;
  RecordTrailer trailer;  // zeros in channels without timestamps
};

class Consumer {
 public:
  // Starts at `position`. Everything before it counts as released. REQUIRES: IsAligned(position).
  Consumer(const Ring& ring, Position position)
      : ring_(ring),
        flushes_(ChooseLinePreparation().receiver_flushes),
        head_(position),
        released_(position) {}

  // Returns the next position to take.
  Position head() const { return head_; }
  Position released() const { return released_; }

  bool HasCommitted() const { return ring_.IsStamped(head_); }

  // Takes the message at `head()`. Steps over a bounded number of discarded records before it. On
  // kCorrupt, `head()` does not change.
  ABSL_ATTRIBUTE_ALWAYS_INLINE TakeResult Take(TakenRecord* taken) {
    bool discarded = false;
    const TakeResult result = TakeNext(taken, &discarded);
    return ABSL_PREDICT_FALSE(discarded) ? TakeBehindDiscarded(taken) : result;
  }

  // Steps over the committed records before `end`, which a sender has claimed, and counts the
  // messages among them and their bytes. kTaken: it has got there. kNone: the record at `head()` is
  // not committed.
  TakeResult StepOver(Position end, uint64_t* messages, uint64_t* bytes) {
    while (IsBefore(head_, end)) {
      if (!ring_.IsStamped(head_)) return TakeResult::kNone;
      // Relaxed: the stamp was acquired.
      const auto untrusted = absl::bit_cast<RecordDescription>(
          ring_.HeaderAt(head_)->description.load(std::memory_order_relaxed));
      if (!CanBeAtHead(untrusted)) return TakeResult::kCorrupt;
      const RecordDescription& description = untrusted;  // checked
      if (description.kind == RecordKind::kDiscarded) {
        AddToOwnCounter(&ring_.receiver_slot->discarded_records, 1);
      } else if (description.kind == RecordKind::kMessage ||
                 description.kind == RecordKind::kInBatch) {
        ++*messages;
        *bytes += description.length;
      } else {
        return TakeResult::kCorrupt;
      }
      head_ += ring_.RecordSizeOf(description.length);
    }
    return TakeResult::kTaken;
  }

  // Finds out why nothing is committed at `head()`, and steps over the record if it is orphaned.
  Scan Recover(absl::FunctionRef<OwnerState(uint16_t slot)> owner_of) {
    const Scan scan = ScanForOrphan(ring_, released_, head_, owner_of);
    if (scan.result == ScanResult::kOrphaned) {
      AddToOwnCounter(&ring_.receiver_slot->orphaned_records, 1);
      AddToOwnCounter(&ring_.receiver_slot->orphaned_bytes, scan.end - head_);
      head_ = scan.end;
    }
    return scan;
  }

  // Prepares the lines of a record for their next writer (cache_lines.h). Called after the record
  // was read and before it is released.
  void PrepareLines(Position position, uint32_t length) const {
    if (flushes_) FlushLines(position, ring_.RecordSizeOf(length));
  }

  // Releases everything before `position`, which is from `released()` to `head()`.
  void Release(Position position) {
    released_ = position;
    // [release] release; pairs with [space] acquire: payloads are read before their bytes are
    // written again.
    ring_.control->release_position.store(position, std::memory_order_release);
  }

  // Diagnostics only.
  void CountReceived(uint64_t records, uint64_t bytes) {
    AddToOwnCounter(&ring_.receiver_slot->received_records, records);
    AddToOwnCounter(&ring_.receiver_slot->received_bytes, bytes);
  }

 private:
  // The maximum number of discarded records that one call steps over. A hostile peer may write them
  // without end, and the caller checks its deadline between calls.
  static constexpr int kMostDiscarded = 256;

  // Takes the message at `head()`, or steps over the discarded record there and sets `*discarded`.
  ABSL_ATTRIBUTE_ALWAYS_INLINE TakeResult TakeNext(TakenRecord* taken, bool* discarded) {
    if (ABSL_PREDICT_FALSE(!ring_.IsStamped(head_))) return TakeResult::kNone;
    // Relaxed: the stamp was acquired.
    const auto untrusted = absl::bit_cast<RecordDescription>(
        ring_.HeaderAt(head_)->description.load(std::memory_order_relaxed));
    if (ABSL_PREDICT_FALSE(!CanBeAtHead(untrusted))) return TakeResult::kCorrupt;
    const RecordDescription& description = untrusted;  // checked
    const uint64_t size = ring_.RecordSizeOf(description.length);
    if (ABSL_PREDICT_FALSE(description.kind != RecordKind::kMessage &&
                           description.kind != RecordKind::kInBatch)) {
      if (description.kind != RecordKind::kDiscarded) return TakeResult::kCorrupt;
      *discarded = true;
      AddToOwnCounter(&ring_.receiver_slot->discarded_records, 1);
      head_ += size;
      return TakeResult::kNone;
    }
    taken->position = head_;
    taken->payload = ring_.At(head_) + sizeof(RecordHeader);
    taken->length = description.length;
    taken->sender = description.sender;
    if (ABSL_PREDICT_FALSE(ring_.trailer_size != 0)) {
      std::memcpy(&taken->trailer, ring_.TrailerAt(head_, size), sizeof(RecordTrailer));
    } else {
      taken->trailer = {};
    }
    head_ += size;
    return TakeResult::kTaken;
  }

  ABSL_ATTRIBUTE_NOINLINE TakeResult TakeBehindDiscarded(TakenRecord* taken) {
    for (int stepped = 1; stepped < kMostDiscarded; ++stepped) {
      bool discarded = false;
      const TakeResult result = TakeNext(taken, &discarded);
      if (!discarded) return result;
    }
    return TakeResult::kNone;
  }

  // Whether a record of this description can be at `head()`. A record, with its header, must end
  // within one lap of the release position. This bounds every read to the mapping.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool CanBeAtHead(const RecordDescription& untrusted) const {
    return untrusted.length <= kMaxPayload &&
           ring_.RecordSizeOf(untrusted.length) <= ring_.capacity - (head_ - released_) &&
           untrusted.sender < ring_.sender_slot_count && untrusted.reserved == 0;
  }

  ABSL_ATTRIBUTE_NOINLINE void FlushLines(Position position, uint64_t size) const {
    if (size > tuning::kFlushLongestRecord) return;
    for (uint64_t at = 0; at < size; at += kCacheLine) FlushLine(ring_.At(position + at));
  }

  const Ring ring_;
  const bool flushes_;
  Position head_;
  Position released_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_CONSUMER_H_
