// The claim word: the claim position, and in its low bits the end of the channel and the turn.
//
//   63                                  6 5   4   3        2      1          0
//  +-------------------------------------+-------+--------+------+----------+--------+
//  | claim position                      | 0     | ending | turn | replaced | closed |
//  +-------------------------------------+-------+--------+------+----------+--------+
//
// Positions are multiples of 64, so six bits are free. One word decides: a claim is a CAS on it that
// expects no end bit, so it either precedes the end of the channel, and is received, or it fails. The
// bits `closed` and `replaced` are set once and never cleared; the position stays from then on.
#ifndef IPMPSC_INTERNAL_RING_CLAIM_WORD_H_
#define IPMPSC_INTERNAL_RING_CLAIM_WORD_H_

#include <cstdint>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

using ClaimWord = uint64_t;

inline constexpr ClaimWord kClaimClosed = 1;
inline constexpr ClaimWord kClaimReplaced = 2;
inline constexpr ClaimWord kClaimEnded = kClaimClosed | kClaimReplaced;
// Some sender has taken the turn (turn.h). A hint: without it no sender looks at `turn`.
inline constexpr ClaimWord kClaimTurn = 4;
// Some process is about to set an end bit: the receiver does not sleep without a bound any more, so a
// death between the end bit and its wakes leaves no receiver asleep. Keeps no sender from claiming.
inline constexpr ClaimWord kClaimEnding = 8;
inline constexpr ClaimWord kClaimBits = kRecordAlignment - 1;

constexpr Position ClaimPosition(ClaimWord word) { return word & ~kClaimBits; }
constexpr bool HasEnded(ClaimWord word) { return (word & kClaimEnded) != 0; }
constexpr bool HasTurnBit(ClaimWord word) { return (word & kClaimTurn) != 0; }
// Whether the word has only bits that some participant sets.
constexpr bool IsValidClaimWord(ClaimWord word) {
  return (word & kClaimBits & ~(kClaimEnded | kClaimTurn | kClaimEnding)) == 0;
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_CLAIM_WORD_H_
