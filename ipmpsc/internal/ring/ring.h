// Ring: the addresses of a ring buffer's parts in this process. It owns nothing and is independent
// of the operating system.
#ifndef IPMPSC_INTERNAL_RING_RING_H_
#define IPMPSC_INTERNAL_RING_RING_H_

#include <atomic>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/casts.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/slots.h"

namespace ipmpsc::internal {

struct Ring {
  ControlBlock* control;
  ReceiverSlot* receiver_slot;
  SenderSlot* sender_slots;
  uint32_t sender_slot_count;
  char* data;         // `capacity` bytes, mapped twice in a row
  uint64_t capacity;  // a power of two
  uint64_t stamp_key;
  uint64_t trailer_size;  // sizeof(RecordTrailer) in channels with timestamps, else 0

  char* At(Position position) const { return data + (position & (capacity - 1)); }
  RecordHeader* HeaderAt(Position position) const {
    return reinterpret_cast<RecordHeader*>(At(position));
  }
  uint64_t RecordSizeOf(uint64_t payload_size) const {
    return RecordSize(payload_size, trailer_size);
  }
  // Returns the trailer of the record at `position`, whose size is `record_size`. REQUIRES:
  // trailer_size != 0.
  char* TrailerAt(Position position, uint64_t record_size) const {
    return At(position) + record_size - sizeof(RecordTrailer);
  }
  uint64_t StampOf(Position position) const { return position ^ stamp_key; }

  // Whether the record at `position` is committed. If so, its header and payload may be read.
  bool IsStamped(Position position) const {
    // [take] acquire; pairs with [commit] release: payload and header before stamp.
    return HeaderAt(position)->stamp.load(std::memory_order_acquire) == StampOf(position);
  }

  // The same, for a reader that takes nothing, at a position that may have been released. Its bytes
  // may be a payload that a sender is writing right now, as for `IsCommittedClaim`.
  ABSL_ATTRIBUTE_NO_SANITIZE_THREAD bool SeesStamp(Position position) const {
    // [take] acquire; pairs with [commit] release: header and payload before stamp.
    return __atomic_load_n(reinterpret_cast<const uint64_t*>(At(position)), __ATOMIC_ACQUIRE) ==
           StampOf(position);
  }

  // Whether a committed claim begins at `position`. Perhaps no record begins there, or one inside a
  // batch, which is no claim of its own. The words may be a payload that its sender is writing
  // right now. That does no harm, since it cannot equal the stamp. But TSan would report it as a
  // race, so this function uses builtins, which are not instrumented here.
  ABSL_ATTRIBUTE_NO_SANITIZE_THREAD bool IsCommittedClaim(Position position) const {
    const auto* const words = reinterpret_cast<const uint64_t*>(At(position));
    // [take] acquire; pairs with [commit] release: header before stamp. The [scan] before it orders
    // it after the intents.
    if (__atomic_load_n(words, __ATOMIC_ACQUIRE) != StampOf(position)) return false;
    // Relaxed: the stamp was acquired.
    const auto description =
        absl::bit_cast<RecordDescription>(__atomic_load_n(words + 1, __ATOMIC_RELAXED));
    return description.kind != RecordKind::kInBatch;
  }

  // Reads the description of the record at `position` in a reader that is not the receiver, in a
  // race with senders that overwrite it. Returns false if no record is committed there, or not any
  // more.
  ABSL_ATTRIBUTE_NO_SANITIZE_THREAD bool ObserveRecord(Position position,
                                                       RecordDescription* description) const {
    const auto* const words = reinterpret_cast<const uint64_t*>(At(position));
    // [take] acquire; pairs with [commit] release: header before stamp.
    if (__atomic_load_n(words, __ATOMIC_ACQUIRE) != StampOf(position)) return false;
    // Relaxed: the stamp was acquired.
    const uint64_t untrusted = __atomic_load_n(words + 1, __ATOMIC_RELAXED);
    // The stamp does not suffice: the next lap writes its payload first and its stamp last.
    // [overtaken] acquire; pairs with [reused] release: if the description was read from
    // a later claim's bytes, that claim is seen below.
    std::atomic_thread_fence(std::memory_order_acquire);
    // Relaxed: ordered by the fence.
    const Position claim = ClaimPosition(control->claim_word.load(std::memory_order_relaxed));
    if (claim - position > capacity) return false;
    *description = absl::bit_cast<RecordDescription>(untrusted);
    return true;
  }
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_RING_H_
