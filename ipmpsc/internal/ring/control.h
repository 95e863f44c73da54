// The words that the participants of a ring share, as they lie in the segment.
//
// Each word that one side writes while another reads it stands alone on 128 bytes: processors fetch
// cache lines of 64 bytes in pairs. `flags` and `turn` share them, being rarely written.
//
//   word              written by                     read by
//   flags             creator, any participant, once senders at each send, receiver when idle
//   turn              senders, when space is scarce  senders at each send
//   claim_position    senders (CAS)                  senders at each send, receiver when idle
//   release_position  receiver                       senders when the ring seems full
//   receiver_wait     receiver, when it sleeps       senders at each send
//   senders_wait      senders, when they sleep       receiver at each release
#ifndef IPMPSC_INTERNAL_RING_CONTROL_H_
#define IPMPSC_INTERNAL_RING_CONTROL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

inline constexpr size_t kNoSharingSize = 128;

// Bits of `ControlBlock::flags`. They are set, never cleared.
inline constexpr uint32_t kFlagClosed = 1;
inline constexpr uint32_t kFlagReplaced = 2;
inline constexpr uint32_t kFlagsEnded = kFlagClosed | kFlagReplaced;
// Some participant has no `membarrier`: who wakes others runs a full barrier of its own (DESIGN.md,
// "Waking").
inline constexpr uint32_t kFlagFullBarrier = 4;

struct ControlBlock {
  alignas(kNoSharingSize) std::atomic<uint32_t> flags;
  std::atomic<uint64_t> turn;  // turn.h
  alignas(kNoSharingSize) std::atomic<Position> claim_position;
  alignas(kNoSharingSize) std::atomic<Position> release_position;
  // 0: the receiver is awake; otherwise `ReceiverWaitWord` of the position that it waits for.
  alignas(kNoSharingSize) std::atomic<uint32_t> receiver_wait;
  // Bit 0: some sender waits for space. The others count the wakes.
  alignas(kNoSharingSize) std::atomic<uint32_t> senders_wait;
};
static_assert(offsetof(ControlBlock, flags) == 0);
static_assert(offsetof(ControlBlock, turn) == 8);
static_assert(offsetof(ControlBlock, claim_position) == 128);
static_assert(offsetof(ControlBlock, release_position) == 256);
static_assert(offsetof(ControlBlock, receiver_wait) == 384);
static_assert(offsetof(ControlBlock, senders_wait) == 512);
static_assert(sizeof(ControlBlock) == 640);
static_assert(std::atomic<uint32_t>::is_always_lock_free);

// What the receiver leaves in `receiver_wait` when it sleeps until `position` is committed. Never
// 0. Two positions share a word only when they are 2^35 bytes apart; then a wake is wasted, none is
// missed.
constexpr uint32_t ReceiverWaitWord(Position position) {
  return static_cast<uint32_t>(position / kRecordAlignment) << 1 | 1;
}

// A sender's place. Written by its owner alone; `intent_*` is read by the receiver when the ring is
// stuck. An intent says: "I am about to claim `intent_size` bytes at `intent_position`", and stays
// when that is done.
struct alignas(kNoSharingSize) SenderSlot {
  std::atomic<Position> intent_position;
  std::atomic<uint64_t> intent_size;
  std::atomic<uint64_t> sent_records;  // over all owners
  std::atomic<uint64_t> sent_bytes;    // payload
  uint64_t reserved0[4];
  std::atomic<uint32_t> pid;     // for people, never for decisions
  std::atomic<uint32_t> owners;  // how many have owned it
  uint64_t reserved1[7];
};
static_assert(offsetof(SenderSlot, intent_position) == 0);
static_assert(offsetof(SenderSlot, intent_size) == 8);
static_assert(offsetof(SenderSlot, sent_records) == 16);
static_assert(offsetof(SenderSlot, sent_bytes) == 24);
static_assert(offsetof(SenderSlot, pid) == 64);
static_assert(offsetof(SenderSlot, owners) == 68);
static_assert(sizeof(SenderSlot) == 128);

// The receiver's place. Written by its owner alone, read by people's tools.
struct alignas(kNoSharingSize) ReceiverSlot {
  std::atomic<uint64_t> received_records;  // messages released, over all owners
  std::atomic<uint64_t> received_bytes;    // their payload
  std::atomic<uint64_t> discarded_records;
  std::atomic<uint64_t> orphaned_records;
  std::atomic<uint64_t> orphaned_bytes;  // with headers and padding
  uint64_t reserved0[3];
  std::atomic<uint32_t> pid;    // for people, never for decisions
  std::atomic<uint32_t> epoch;  // how many have owned it: each knows its own number
  uint64_t reserved1[7];
};
static_assert(offsetof(ReceiverSlot, received_records) == 0);
static_assert(offsetof(ReceiverSlot, received_bytes) == 8);
static_assert(offsetof(ReceiverSlot, discarded_records) == 16);
static_assert(offsetof(ReceiverSlot, orphaned_records) == 24);
static_assert(offsetof(ReceiverSlot, orphaned_bytes) == 32);
static_assert(offsetof(ReceiverSlot, pid) == 64);
static_assert(offsetof(ReceiverSlot, epoch) == 68);
static_assert(sizeof(ReceiverSlot) == 128);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_CONTROL_H_
