// All constants that were chosen by measurement, with the figures. They change speed only, not
// correctness. "Measured" names the row of `//benchmarks:compare` and the machine.
#ifndef IPMPSC_INTERNAL_RING_TUNING_H_
#define IPMPSC_INTERNAL_RING_TUNING_H_

#include <cstdint>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal::tuning {

// How far ahead of a claim a sender prefetches the lines that it will write, in bytes. A few
// records ahead, the lines arrive before the next claim waits for them. Much farther ahead, the
// receiver would fetch them back. Loops write longer records, and the processor prefetches those by
// itself.
inline constexpr uint64_t kPrefetchAheadOfOneLine = 192;
inline constexpr uint64_t kPrefetchRecordsAhead = 6;
inline constexpr uint64_t kPrefetchMostAhead = 2048;
inline constexpr uint64_t kPrefetchLongestRecord = 8192;

}  // namespace ipmpsc::internal::tuning

#endif  // IPMPSC_INTERNAL_RING_TUNING_H_
