// A record in the ring: a header of 16 bytes, the payload, and padding to a multiple of 64. In
// channels with timestamps it ends with a trailer of 16 bytes.
//
//    0                       8              12       14    15    16              size-16   size
//   +-----------------------+--------------+--------+-----+-----+---------+-----+---------+
//   | stamp                 | length       | sender | kind| 0   | payload | pad | trailer |
//   +-----------------------+--------------+--------+-----+-----+---------+-----+---------+
//
// stamp == position ^ stamp_key means: committed, and of this position. Bytes of an earlier lap, or
// a payload at the place of a header, match with a chance of 2^-64. So nothing is ever zeroed.
#ifndef IPMPSC_INTERNAL_RING_RECORD_H_
#define IPMPSC_INTERNAL_RING_RECORD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

enum class RecordKind : uint8_t {
  kMessage = 1,
  kDiscarded = 2,  // a dropped loan, or the unused end of a loan that was published shorter
  kInBatch = 3,    // a message that was claimed together with the record before it
};

struct RecordDescription {
  uint32_t length;  // of the payload, in bytes
  uint16_t sender;  // slot
  RecordKind kind;
  uint8_t reserved;  // 0
};
static_assert(sizeof(RecordDescription) == 8);
static_assert(offsetof(RecordDescription, length) == 0);
static_assert(offsetof(RecordDescription, sender) == 4);
static_assert(offsetof(RecordDescription, kind) == 6);
static_assert(offsetof(RecordDescription, reserved) == 7);

struct RecordHeader {
  std::atomic<uint64_t> stamp;
  // A `RecordDescription`. One atomic word, so that the check and the later use see the same value.
  std::atomic<uint64_t> description;
};
static_assert(sizeof(RecordHeader) == 16);
static_assert(offsetof(RecordHeader, stamp) == 0);
static_assert(offsetof(RecordHeader, description) == 8);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// The last bytes of a message's record, in channels with timestamps.
struct RecordTrailer {
  int64_t committed;  // nanoseconds since 1970, just before the commit
  uint64_t sequence;  // of the message among those of its slot, from 1 on
};
static_assert(sizeof(RecordTrailer) == 16);
static_assert(offsetof(RecordTrailer, committed) == 0);
static_assert(offsetof(RecordTrailer, sequence) == 8);

// protobuf's own limit for one message.
inline constexpr uint64_t kMaxPayload = (uint64_t{1} << 31) - 1;

// Returns the size of a record with this payload. REQUIRES: payload_size <= kMaxPayload.
constexpr uint64_t RecordSize(uint64_t payload_size, uint64_t trailer_size = 0) {
  return (sizeof(RecordHeader) + payload_size + trailer_size + kRecordAlignment - 1) &
         ~(kRecordAlignment - 1);
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_RECORD_H_
