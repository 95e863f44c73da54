// Position: where in the endless sequence of bytes that went through a ring something lies.
//
// Positions count bytes, never wrap in practice and are still compared as if they could, so that a
// ring whose positions start near 2^64 works too (the tests use that). `position & (capacity - 1)`
// is the offset in the data.
#ifndef IPMPSC_INTERNAL_RING_POSITION_H_
#define IPMPSC_INTERNAL_RING_POSITION_H_

#include <cstdint>

namespace ipmpsc::internal {

using Position = uint64_t;

// Every record begins at a multiple of this and fills a multiple of this.
inline constexpr uint64_t kRecordAlignment = 16;

constexpr bool IsAligned(Position position) { return position % kRecordAlignment == 0; }

// REQUIRES: a and b are less than 2^63 apart.
constexpr bool IsBefore(Position a, Position b) { return static_cast<int64_t>(a - b) < 0; }

// Not aligned, so it equals no position of a record.
inline constexpr Position kNoIntent = ~Position{0};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_POSITION_H_
