// Position: a place in the endless sequence of bytes that pass through a ring.
//
// Positions count bytes. They never wrap in practice, but comparisons allow for it, so a ring works
// also if its positions start near 2^64 (the tests use that). `position & (capacity - 1)` is the
// offset in the data.
#ifndef IPMPSC_INTERNAL_RING_POSITION_H_
#define IPMPSC_INTERNAL_RING_POSITION_H_

#include <cstdint>

namespace ipmpsc::internal {

using Position = uint64_t;

// The alignment and granularity of records: one cache line, so that records of different senders
// share no line.
inline constexpr uint64_t kRecordAlignment = 64;

constexpr bool IsAligned(Position position) { return position % kRecordAlignment == 0; }

// REQUIRES: a and b are less than 2^63 apart.
constexpr bool IsBefore(Position a, Position b) { return static_cast<int64_t>(a - b) < 0; }

// Not aligned, so it differs from the position of every record.
inline constexpr Position kNoIntent = ~Position{0};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_POSITION_H_
