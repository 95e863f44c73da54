// The constants that measurements chose, in one place, with the figures that chose them.
//
// A value here changes speed only, never what is right. "Measured" names the row of
// `//benchmarks:compare` and the machine.
#ifndef IPMPSC_INTERNAL_RING_TUNING_H_
#define IPMPSC_INTERNAL_RING_TUNING_H_

#include <cstdint>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal::tuning {

// How far ahead of a claim a sender asks for the lines that it will write, in bytes: a few records,
// so that the lines are there when the next claim waits for them, and not so many that the receiver
// fetches them back. Longer records are written by loops that the processor sees through by itself.
inline constexpr uint64_t kPrefetchAheadOfOneLine = 192;
inline constexpr uint64_t kPrefetchRecordsAhead = 6;
inline constexpr uint64_t kPrefetchMostAhead = 2048;
inline constexpr uint64_t kPrefetchLongestRecord = 8192;

}  // namespace ipmpsc::internal::tuning

#endif  // IPMPSC_INTERNAL_RING_TUNING_H_
