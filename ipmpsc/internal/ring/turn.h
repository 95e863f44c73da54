// A turn: how a sender that needs much space gets it beside others that need little.
//
// Space is given to whoever claims it first, so those who need little could take all that the
// receiver gives back for ever. A sender that has waited in vain a few times takes the turn: for a
// moment the others hold back as if the ring were full. It is advice, not a lock: it runs out by
// itself, so a sender that dies or is stopped with it costs the others that moment, and whatever the
// word holds, no message hangs on it.
#ifndef IPMPSC_INTERNAL_RING_TURN_H_
#define IPMPSC_INTERNAL_RING_TURN_H_

#include <atomic>
#include <cstdint>

#include "ipmpsc/internal/ring/control.h"

namespace ipmpsc::internal {

// Nanoseconds. A sender that still waits takes it again before it has run out.
inline constexpr int64_t kTurnDuration = 10'000'000;

// `ControlBlock::turn`: the end of the turn in nanoseconds of the monotonic clock, its lower 16 bits
// being the slot + 1. 0: nobody's.
inline constexpr uint64_t kTurnSlotMask = 0xffff;

constexpr uint64_t TurnWord(uint16_t slot, int64_t end) {
  return (static_cast<uint64_t>(end) & ~kTurnSlotMask) | (slot + uint64_t{1});
}

// Whether another sender has the turn. An end that lies farther ahead than a turn is long is no
// turn: somebody has damaged the word, or has a clock of its own (a time namespace).
constexpr bool IsTurnOfAnother(uint64_t word, uint16_t slot, int64_t now) {
  if (word == 0 || (word & kTurnSlotMask) == slot + uint64_t{1}) return false;
  // Unsigned, so that any word may be subtracted from.
  const int64_t left = static_cast<int64_t>((word & ~kTurnSlotMask) - static_cast<uint64_t>(now));
  return left > 0 && left <= kTurnDuration;
}

// Takes the turn, or takes it for longer, unless another sender has it. Returns whether this one has
// it.
inline bool TakeTurn(ControlBlock* control, uint16_t slot, int64_t now) {
  // Relaxed, both: advice; nothing is read by it.
  uint64_t word = control->turn.load(std::memory_order_relaxed);
  if (IsTurnOfAnother(word, slot, now)) return false;
  return control->turn.compare_exchange_strong(word, TurnWord(slot, now + kTurnDuration),
                                               std::memory_order_relaxed);
}

// Gives the turn back, if it is this sender's still.
inline void EndTurn(ControlBlock* control, uint16_t slot) {
  // Relaxed, both: advice; nothing is read by it.
  uint64_t word = control->turn.load(std::memory_order_relaxed);
  if ((word & kTurnSlotMask) != slot + uint64_t{1}) return;
  control->turn.compare_exchange_strong(word, 0, std::memory_order_relaxed);
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_TURN_H_
