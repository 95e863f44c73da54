// The turn: how a sender that needs much space gets it beside others that need little.
//
// Senders claim space as soon as it is free, so small claims could take all that the receiver
// releases, for ever. A sender that has waited in vain a few times takes the turn. It writes its
// slot, the end of its turn and the bytes that it needs here, and sets the turn bit of the claim
// word. Until the turn ends, the others leave it those bytes.
//
// The turn is advice, not a lock. It ends by itself, so a sender that dies or is stopped with it
// delays the others only until then. No message depends on the values of these words.
#ifndef IPMPSC_INTERNAL_RING_TURN_H_
#define IPMPSC_INTERNAL_RING_TURN_H_

#include <atomic>
#include <cstdint>

#include "ipmpsc/internal/ring/control.h"

namespace ipmpsc::internal {

// Nanoseconds. A sender that still waits renews its turn before it ends.
inline constexpr int64_t kTurnDuration = 10'000'000;

// `ControlBlock::turn`: the end of the turn in nanoseconds of the monotonic clock. The low 16 bits
// are the slot + 1. 0: no sender has the turn.
inline constexpr uint64_t kTurnSlotMask = 0xffff;

constexpr uint64_t TurnWord(uint16_t slot, int64_t end) {
  return (static_cast<uint64_t>(end) & ~kTurnSlotMask) | (slot + uint64_t{1});
}

// Whether another sender has the turn. An end that is farther ahead than the length of a turn is
// invalid: the word is damaged, or a sender in another time namespace wrote it.
constexpr bool IsTurnOfAnother(uint64_t word, uint16_t slot, int64_t now) {
  if (word == 0 || (word & kTurnSlotMask) == slot + uint64_t{1}) return false;
  // Unsigned, so that the subtraction is defined for any word.
  const int64_t left = static_cast<int64_t>((word & ~kTurnSlotMask) - static_cast<uint64_t>(now));
  return left > 0 && left <= kTurnDuration;
}

// Takes or extends the turn for a claim of `size` bytes, unless another sender has it. Returns
// whether this sender has it. A death between the two steps leaves a turn that no sender sees.
inline bool TakeTurn(ControlBlock* control, uint16_t slot, uint64_t size, int64_t now) {
  // Relaxed, all: advice; no data depends on it.
  uint64_t word = control->turn.load(std::memory_order_relaxed);
  if (IsTurnOfAnother(word, slot, now)) return false;
  if (!control->turn.compare_exchange_strong(word, TurnWord(slot, now + kTurnDuration),
                                             std::memory_order_relaxed)) {
    return false;
  }
  control->turn_size.store(size, std::memory_order_relaxed);
  control->claim_word.fetch_or(kClaimTurn, std::memory_order_relaxed);
  return true;
}

// Clears the turn bit after its turn has ended or was given back. A turn that another sender takes
// meanwhile may lose its bit. That sender takes it again at its next check.
inline void ClearTurnBit(ControlBlock* control) {
  // Relaxed: as above. Participants that acquire the word lose no order: a read-modify-write
  // continues the release sequence of the claim before it.
  control->claim_word.fetch_and(~kClaimTurn, std::memory_order_relaxed);
}

// Gives the turn back, if this sender still has it.
inline void EndTurn(ControlBlock* control, uint16_t slot) {
  // Relaxed, both: as above.
  uint64_t word = control->turn.load(std::memory_order_relaxed);
  if ((word & kTurnSlotMask) != slot + uint64_t{1}) return;
  // The bit first: until the word is clear no other sender takes the turn and sets the bit again.
  ClearTurnBit(control);
  control->turn.compare_exchange_strong(word, 0, std::memory_order_relaxed);
}

// Returns the bytes that a sender must leave free beside its own claim: those that the holder of
// the turn needs. 0 if no other sender has the turn. Clears the bit of a turn that has ended.
inline uint64_t SpaceOwedToTurn(ControlBlock* control, uint16_t slot, int64_t now) {
  // Relaxed, both: as above.
  const uint64_t word = control->turn.load(std::memory_order_relaxed);
  if (IsTurnOfAnother(word, slot, now)) {
    return control->turn_size.load(std::memory_order_relaxed);
  }
  if ((word & kTurnSlotMask) != slot + uint64_t{1}) ClearTurnBit(control);
  return 0;
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_TURN_H_
