// The participants' slots in the segment: intents, counters, names.
//
// Only its owner writes a slot. The first 64 bytes change with every message, the others on slow
// paths only. Everything but the intent and `incarnation` is for diagnostics only: no decision
// depends on it.
#ifndef IPMPSC_INTERNAL_RING_SLOTS_H_
#define IPMPSC_INTERNAL_RING_SLOTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

// A participant's name in a slot: bytes, zero-padded, in words that can be read during a write.
inline constexpr size_t kNameSize = 64;
struct SlotName {
  std::atomic<uint64_t> words[kNameSize / sizeof(uint64_t)];
};

// Adds to a counter that only its owner writes.
inline void AddToOwnCounter(std::atomic<uint64_t>* counter, uint64_t by) {
  // Relaxed, and no read-modify-write: there is one writer, and no decision depends on a reader's
  // value.
  counter->store(counter->load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

// Raises a high-water mark that only its owner writes.
inline void RaiseOwnMark(std::atomic<uint64_t>* mark, uint64_t value) {
  // Relaxed: as above.
  if (value > mark->load(std::memory_order_relaxed)) mark->store(value, std::memory_order_relaxed);
}

// A sender's slot. An intent says: "I am about to claim `intent_size` bytes at `intent_position`".
// It stays after the claim. The receiver reads it when the ring is stuck.
struct alignas(kDestructiveInterferenceSize) SenderSlot {
  std::atomic<Position> intent_position;
  std::atomic<uint64_t> intent_size;
  std::atomic<uint64_t> sent_records;  // over all owners
  std::atomic<uint64_t> sent_bytes;    // payload, over all owners
  std::atomic<uint64_t> sequence;      // of the last message, in channels with timestamps
  uint64_t reserved0[3];
  // Backpressure, over all owners.
  std::atomic<uint64_t> full_waits;          // waits for space
  std::atomic<uint64_t> waited_nanoseconds;  // their total time, also of one that lasts
  std::atomic<uint64_t> lost_races;          // claims that another sender made first
  std::atomic<uint64_t> turns;               // turns taken
  std::atomic<uint64_t> refused;             // sends that found no space and did not wait
  std::atomic<uint64_t> high_water;          // most bytes in use when it looked for space
  // In lossy channels, in place of `refused`: messages that found no space, over all owners.
  std::atomic<uint64_t> dropped_records;
  uint64_t reserved1;
  // The owner. The pid is 0 if the slot has none. It is valid only in the PID namespace whose inode
  // is `pid_namespace` (0: unknown).
  std::atomic<uint32_t> pid;
  std::atomic<uint32_t> incarnation;  // number of owners that the slot has had
  std::atomic<uint64_t> pid_namespace;
  std::atomic<int64_t> attached;  // nanoseconds since 1970
  uint64_t reserved2[5];
  SlotName name;
};
static_assert(offsetof(SenderSlot, intent_position) == 0);
static_assert(offsetof(SenderSlot, intent_size) == 8);
static_assert(offsetof(SenderSlot, sent_records) == 16);
static_assert(offsetof(SenderSlot, sent_bytes) == 24);
static_assert(offsetof(SenderSlot, sequence) == 32);
static_assert(offsetof(SenderSlot, full_waits) == 64);
static_assert(offsetof(SenderSlot, waited_nanoseconds) == 72);
static_assert(offsetof(SenderSlot, lost_races) == 80);
static_assert(offsetof(SenderSlot, turns) == 88);
static_assert(offsetof(SenderSlot, refused) == 96);
static_assert(offsetof(SenderSlot, high_water) == 104);
static_assert(offsetof(SenderSlot, dropped_records) == 112);
static_assert(offsetof(SenderSlot, pid) == 128);
static_assert(offsetof(SenderSlot, incarnation) == 132);
static_assert(offsetof(SenderSlot, pid_namespace) == 136);
static_assert(offsetof(SenderSlot, attached) == 144);
static_assert(offsetof(SenderSlot, name) == 192);
static_assert(sizeof(SenderSlot) == 256);

// The receiver's slot.
struct alignas(kDestructiveInterferenceSize) ReceiverSlot {
  std::atomic<uint64_t> received_records;  // messages released, over all owners
  std::atomic<uint64_t> received_bytes;    // their payload
  std::atomic<uint64_t> discarded_records;
  std::atomic<uint64_t> orphaned_records;
  std::atomic<uint64_t> orphaned_bytes;  // with headers and padding
  uint64_t reserved0[3];
  std::atomic<uint64_t> sleeps;             // waits in the kernel
  std::atomic<uint64_t> redelivered_bytes;  // claimed and not released when an owner attached
  std::atomic<uint64_t> skipped_records;    // of those received: passed over for newer ones
  uint64_t reserved1[5];
  // As in a sender's slot.
  std::atomic<uint32_t> pid;
  std::atomic<uint32_t> epoch;  // number of owners that it has had: each knows its own number
  std::atomic<uint64_t> pid_namespace;
  std::atomic<int64_t> attached;
  uint64_t reserved2[5];
  SlotName name;
};
static_assert(offsetof(ReceiverSlot, received_records) == 0);
static_assert(offsetof(ReceiverSlot, received_bytes) == 8);
static_assert(offsetof(ReceiverSlot, discarded_records) == 16);
static_assert(offsetof(ReceiverSlot, orphaned_records) == 24);
static_assert(offsetof(ReceiverSlot, orphaned_bytes) == 32);
static_assert(offsetof(ReceiverSlot, sleeps) == 64);
static_assert(offsetof(ReceiverSlot, redelivered_bytes) == 72);
static_assert(offsetof(ReceiverSlot, skipped_records) == 80);
static_assert(offsetof(ReceiverSlot, pid) == 128);
static_assert(offsetof(ReceiverSlot, epoch) == 132);
static_assert(offsetof(ReceiverSlot, pid_namespace) == 136);
static_assert(offsetof(ReceiverSlot, attached) == 144);
static_assert(offsetof(ReceiverSlot, name) == 192);
static_assert(sizeof(ReceiverSlot) == 256);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_SLOTS_H_
