// The words in the segment that the participants of a ring share.
//
// Each word that one side writes while the other reads it has 128 bytes of its own, since
// processors fetch cache lines of 64 bytes in pairs. The words of the first line are seldom
// written. Senders read two of them at each send.
//
//   word              written by                       read by
//   flags             participants without membarrier  senders at each send, receiver at releases
//   receiver_wait     receiver, when it sleeps         senders at each commit
//   claim_wait        receiver, when it sleeps         senders at each claim
//   turn, turn_size   senders, when space is scarce    senders that meet the turn bit
//   claim_word        senders (CAS), `Close`           senders at each send, receiver when idle
//   release_position  receiver                         senders when the ring seems full
//   senders_wait      senders, when they sleep         receiver at each release
#ifndef IPMPSC_INTERNAL_RING_CONTROL_H_
#define IPMPSC_INTERNAL_RING_CONTROL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

inline constexpr size_t kDestructiveInterferenceSize = 128;

// Bit of `ControlBlock::flags`. Set once, never cleared: some participant has no `membarrier`, so
// wakers run a full barrier themselves (DESIGN.md, "Waking").
inline constexpr uint32_t kFlagFullBarrier = 1;

struct ControlBlock {
  alignas(kDestructiveInterferenceSize) std::atomic<uint32_t> flags;
  // 0, or `ReceiverWaitWord` of the claimed position whose commit the sleeping receiver waits for.
  std::atomic<uint32_t> receiver_wait;
  // 0, or the number of the receiver's announcement that it sleeps until a record is claimed.
  std::atomic<uint64_t> claim_wait;
  std::atomic<uint64_t> turn;       // turn.h
  std::atomic<uint64_t> turn_size;  // bytes that the turn's holder wants to claim
  alignas(kDestructiveInterferenceSize) std::atomic<ClaimWord> claim_word;
  alignas(kDestructiveInterferenceSize) std::atomic<Position> release_position;
  // Bit 0: some sender waits for space. The other bits count the wakes.
  alignas(kDestructiveInterferenceSize) std::atomic<uint32_t> senders_wait;
};
static_assert(offsetof(ControlBlock, flags) == 0);
static_assert(offsetof(ControlBlock, receiver_wait) == 4);
static_assert(offsetof(ControlBlock, claim_wait) == 8);
static_assert(offsetof(ControlBlock, turn) == 16);
static_assert(offsetof(ControlBlock, turn_size) == 24);
static_assert(offsetof(ControlBlock, claim_word) == 128);
static_assert(offsetof(ControlBlock, release_position) == 256);
static_assert(offsetof(ControlBlock, senders_wait) == 384);
static_assert(sizeof(ControlBlock) == 512);
static_assert(std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// Returns the half of the claim word that every claim changes. The receiver sleeps on it.
inline std::atomic<uint32_t>* LowHalfOfClaimWord(ControlBlock* control) {
  constexpr size_t kLowHalf = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 1;
  return reinterpret_cast<std::atomic<uint32_t>*>(&control->claim_word) + kLowHalf;
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_CONTROL_H_
