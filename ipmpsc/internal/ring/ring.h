// Ring: where the parts of a ring buffer lie in this process. Owns nothing, knows no operating
// system.
#ifndef IPMPSC_INTERNAL_RING_RING_H_
#define IPMPSC_INTERNAL_RING_RING_H_

#include <atomic>
#include <cstdint>

#include "absl/base/attributes.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"

namespace ipmpsc::internal {

struct Ring {
  ControlBlock* control;
  ReceiverSlot* receiver_slot;
  SenderSlot* sender_slots;
  uint32_t sender_slot_count;
  char* data;         // `capacity` bytes, mapped twice in a row
  uint64_t capacity;  // a power of two
  uint64_t stamp_key;

  char* At(Position position) const { return data + (position & (capacity - 1)); }
  RecordHeader* HeaderAt(Position position) const {
    return reinterpret_cast<RecordHeader*>(At(position));
  }
  uint64_t StampOf(Position position) const { return position ^ stamp_key; }

  // Whether the record at `position` is committed; if so, its header and payload may be read.
  bool IsStamped(Position position) const {
    // [take] acquire; pairs with [commit] release: payload and header before stamp.
    return HeaderAt(position)->stamp.load(std::memory_order_acquire) == StampOf(position);
  }

  // The same where perhaps no record begins: the word may be a payload that its sender is writing
  // right now. That does no harm, since it cannot equal the stamp, but TSan would have to call it a
  // race; hence the builtin, which stays uninstrumented here.
  ABSL_ATTRIBUTE_NO_SANITIZE_THREAD bool IsStampedIfBoundary(Position position) const {
    // Relaxed: nothing is read behind it; the [scan] before it orders it after the intents.
    return __atomic_load_n(reinterpret_cast<uint64_t*>(At(position)), __ATOMIC_RELAXED) ==
           StampOf(position);
  }
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_RING_H_
