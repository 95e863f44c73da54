// The segment: a channel's file, as bytes.
//
//   0                     header, never changed after creation     4096
//   4096                  control block                             512
//   4096 + 512            receiver slot                             256
//   4096 + 768            sender slots                              256 each
//   behind them           description                               description_size
//   data_offset           data, `capacity` bytes, to the end of the file
//
// data_offset is a multiple of the page size (of 2 MiB where huge pages were asked for).
#ifndef IPMPSC_INTERNAL_SEGMENT_LAYOUT_H_
#define IPMPSC_INTERNAL_SEGMENT_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/slots.h"

namespace ipmpsc::internal {

inline constexpr char kMagic[8] = {'I', 'P', 'M', 'P', 'S', 'C', '\r', '\n'};
// Raised whenever a byte of the segment changes its place or its meaning.
inline constexpr uint32_t kAbiVersion = 3;
inline constexpr uint32_t kByteOrderMark = 0x01020304;
inline constexpr uint64_t kHeaderSize = 4096;

inline constexpr uint64_t kMaxCapacity = uint64_t{1} << 46;
inline constexpr uint32_t kMaxSenders = 4096;
inline constexpr uint64_t kMaxDescriptionSize = uint64_t{16} << 20;

// Bits of `SegmentHeader::flags`. A flag may change the offset of the data and the contents of a
// record. It must never cost an opener memory or time, since the creator may be hostile. 1 is no
// longer a flag.
//
// The offsets and the capacity are multiples of 2 MiB, and all participants ask for huge pages.
inline constexpr uint32_t kMapHugePages = 2;
// Each message has a `RecordTrailer`.
inline constexpr uint32_t kTimestamps = 4;
// The creator's sleepers poll: it was built for a system without futexes.
inline constexpr uint32_t kPolledWaits = 8;
// Senders drop messages for which there is no space.
inline constexpr uint32_t kDropNewest = 16;
inline constexpr uint32_t kKnownFlags = kMapHugePages | kTimestamps | kPolledWaits | kDropNewest;

struct SegmentHeader {
  char magic[8];
  uint32_t abi_version;
  uint32_t byte_order;
  uint32_t word_size;  // of a position, in bytes
  uint32_t page_size;  // the offsets and the capacity are multiples of this
  uint64_t file_size;
  uint64_t capacity;
  uint32_t max_senders;
  uint32_t flags;
  uint64_t control_offset;
  uint64_t receiver_slot_offset;
  uint64_t sender_slots_offset;
  uint64_t description_offset;
  uint64_t description_size;
  uint64_t data_offset;
  uint64_t channel_id[2];  // random
  uint64_t stamp_key;      // random
  int64_t created;         // nanoseconds since 1970
};
static_assert(offsetof(SegmentHeader, magic) == 0);
static_assert(offsetof(SegmentHeader, abi_version) == 8);
static_assert(offsetof(SegmentHeader, byte_order) == 12);
static_assert(offsetof(SegmentHeader, word_size) == 16);
static_assert(offsetof(SegmentHeader, page_size) == 20);
static_assert(offsetof(SegmentHeader, file_size) == 24);
static_assert(offsetof(SegmentHeader, capacity) == 32);
static_assert(offsetof(SegmentHeader, max_senders) == 40);
static_assert(offsetof(SegmentHeader, flags) == 44);
static_assert(offsetof(SegmentHeader, control_offset) == 48);
static_assert(offsetof(SegmentHeader, receiver_slot_offset) == 56);
static_assert(offsetof(SegmentHeader, sender_slots_offset) == 64);
static_assert(offsetof(SegmentHeader, description_offset) == 72);
static_assert(offsetof(SegmentHeader, description_size) == 80);
static_assert(offsetof(SegmentHeader, data_offset) == 88);
static_assert(offsetof(SegmentHeader, channel_id) == 96);
static_assert(offsetof(SegmentHeader, stamp_key) == 112);
static_assert(offsetof(SegmentHeader, created) == 120);
static_assert(sizeof(SegmentHeader) == 128);
static_assert(sizeof(SegmentHeader) <= kHeaderSize);

// Fills in the sizes and offsets of a header for the requested channel. The caller sets the random
// fields and the time.
//
// Errors: kInvalidArgument - capacity, max_senders or description_size out of range.
absl::StatusOr<SegmentHeader> LayOut(uint64_t capacity, uint32_t max_senders,
                                     uint64_t description_size, uint32_t flags);

// Checks that the file has the size that its header says.
//
// Errors: kDataLoss - it is too short; without its name.
absl::Status CheckSize(const SegmentHeader& header, uint64_t actual_size);

// Checks a header that was read from a file of `actual_size` bytes.
//
// Errors: as `Channel::Open`, without the file's name.
absl::Status CheckHeader(const SegmentHeader& header_untrusted, uint64_t actual_size);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_LAYOUT_H_
