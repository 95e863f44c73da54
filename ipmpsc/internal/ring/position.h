// Position: a place in the endless sequence of bytes that went through a ring.
//
// Positions count bytes. They never wrap in practice, and are compared as if they could, so that a
// ring whose positions start near 2^64 works too (the tests use that). `position & (capacity - 1)`
// is the offset in the data.
#ifndef IPMPSC_INTERNAL_RING_POSITION_H_
#define IPMPSC_INTERNAL_RING_POSITION_H_

#include <cstdint>

namespace ipmpsc::internal {

using Position = uint64_t;

// Every record begins at a multiple of this and fills a multiple of this: one cache line, so that a
// record shares no line with another sender's.
inline constexpr uint64_t kRecordAlignment = 64;

constexpr bool IsAligned(Position position) { return position % kRecordAlignment == 0; }

// REQUIRES: a and b are less than 2^63 apart.
constexpr bool IsBefore(Position a, Position b) { return static_cast<int64_t>(a - b) < 0; }

// Not aligned, so it equals no position of a record.
inline constexpr Position kNoIntent = ~Position{0};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_POSITION_H_
