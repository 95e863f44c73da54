// The claim word: the claim position, with the end of the channel and the turn in its low bits.
//
//   63                                  6 5   4   3        2      1          0
//  +-------------------------------------+-------+--------+------+----------+--------+
//  | claim position                      | 0     | ending | turn | replaced | closed |
//  +-------------------------------------+-------+--------+------+----------+--------+
//
// Positions are multiples of 64, so six bits are free. A claim is a CAS on this word that expects
// no end bit. So it either precedes the end of the channel and is received, or it fails. The bits
// `closed` and `replaced` are set once and never cleared. The position does not change after that.
#ifndef IPMPSC_INTERNAL_RING_CLAIM_WORD_H_
#define IPMPSC_INTERNAL_RING_CLAIM_WORD_H_

#include <cstdint>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

using ClaimWord = uint64_t;

inline constexpr ClaimWord kClaimClosed = 1;
inline constexpr ClaimWord kClaimReplaced = 2;
inline constexpr ClaimWord kClaimEnded = kClaimClosed | kClaimReplaced;
// Some sender has taken the turn (turn.h). A hint: senders look at `turn` only if it is set.
inline constexpr ClaimWord kClaimTurn = 4;
// Some process is about to set an end bit. The receiver then sleeps only with a bound, so a death
// between the end bit and its wakes leaves no receiver asleep. Senders may still claim.
inline constexpr ClaimWord kClaimEnding = 8;
inline constexpr ClaimWord kClaimBits = kRecordAlignment - 1;

constexpr Position ClaimPosition(ClaimWord word) { return word & ~kClaimBits; }
constexpr bool HasEnded(ClaimWord word) { return (word & kClaimEnded) != 0; }
constexpr bool HasTurnBit(ClaimWord word) { return (word & kClaimTurn) != 0; }
// Whether the word has only bits that participants set.
constexpr bool IsValidClaimWord(ClaimWord word) {
  return (word & kClaimBits & ~(kClaimEnded | kClaimTurn | kClaimEnding)) == 0;
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_CLAIM_WORD_H_
