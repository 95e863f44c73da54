#include "ipmpsc/internal/segment/layout.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/numeric/bits.h"
#include "absl/strings/str_cat.h"

namespace ipmpsc::internal {
namespace {

constexpr uint64_t kHugePage = uint64_t{2} << 20;

uint32_t PageSize() { return static_cast<uint32_t>(sysconf(_SC_PAGESIZE)); }

// REQUIRES: alignment is a power of two.
constexpr uint64_t RoundUp(uint64_t size, uint64_t alignment) {
  return (size + alignment - 1) & ~(alignment - 1);
}

}  // namespace

absl::StatusOr<SegmentHeader> LayOut(uint64_t capacity, uint32_t max_senders,
                                     uint64_t description_size, uint32_t flags) {
  if (capacity == 0 || capacity > kMaxCapacity) {
    return absl::InvalidArgumentError(
        absl::StrCat("capacity must be 1 to ", kMaxCapacity, " bytes (2^46), not ", capacity));
  }
  if (max_senders == 0 || max_senders > kMaxSenders) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_senders must be 1 to ", kMaxSenders, ", not ", max_senders));
  }
  if (description_size > kMaxDescriptionSize) {
    return absl::InvalidArgumentError(absl::StrCat("the description may have at most ",
                                                   kMaxDescriptionSize, " bytes (16 MiB), not ",
                                                   description_size));
  }
  const uint64_t page_size = (flags & kMapHugePages) != 0 ? kHugePage : PageSize();
  SegmentHeader header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.abi_version = kAbiVersion;
  header.byte_order = kByteOrderMark;
  header.word_size = sizeof(Position);
  header.page_size = static_cast<uint32_t>(page_size);
  header.capacity = std::max(absl::bit_ceil(capacity), page_size);
  header.max_senders = max_senders;
  header.flags = flags;
  header.control_offset = kHeaderSize;
  header.receiver_slot_offset = header.control_offset + sizeof(ControlBlock);
  header.sender_slots_offset = header.receiver_slot_offset + sizeof(ReceiverSlot);
  header.description_offset = header.sender_slots_offset + max_senders * sizeof(SenderSlot);
  header.description_size = description_size;
  header.data_offset = RoundUp(header.description_offset + description_size, page_size);
  header.file_size = header.data_offset + header.capacity;
  return header;
}

absl::Status CheckSize(const SegmentHeader& header, uint64_t actual_size) {
  if (actual_size >= header.file_size) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the channel is truncated: the file has ", actual_size,
                                          " bytes, and its header says ", header.file_size));
}

absl::Status CheckHeader(const SegmentHeader& header, uint64_t actual_size) {
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    return absl::InvalidArgumentError(
        "not an ipmpsc channel: it does not begin with the magic bytes");
  }
  if (actual_size < kHeaderSize) {
    return absl::DataLossError(absl::StrCat("the channel is truncated: the file has ", actual_size,
                                            " bytes, which is less than a header"));
  }
  if (header.byte_order != kByteOrderMark) {
    return absl::FailedPreconditionError(
        "the channel was created on a machine with another byte order");
  }
  if (header.abi_version != kAbiVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel has ABI version ", header.abi_version, ", and this program has ",
                     kAbiVersion, ": ",
                     header.abi_version < kAbiVersion
                         ? "end the programs that use it and create it anew (ExistPolicy::kReplace)"
                         : "build this program with the library of the program that created it"));
  }
  if (header.page_size < PageSize() || header.page_size % PageSize() != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel was created for pages of ", header.page_size,
                     " bytes, and the pages of this machine have ", PageSize()));
  }
  if ((header.flags & ~kKnownFlags) != 0) {
    return absl::DataLossError("the channel is damaged: its header has unknown flags");
  }
  const absl::Status complete = CheckSize(header, actual_size);
  if (!complete.ok()) return complete;
  const absl::StatusOr<SegmentHeader> expected =
      LayOut(header.capacity, header.max_senders, header.description_size, header.flags);
  // Fields that each channel chooses for itself.
  SegmentHeader compared = header;
  std::memset(compared.channel_id, 0, sizeof(compared.channel_id));
  compared.stamp_key = 0;
  compared.created = 0;
  if (!expected.ok() || actual_size != header.file_size ||
      std::memcmp(&compared, &*expected, sizeof(compared)) != 0) {
    return absl::DataLossError(
        "the channel is damaged: the sizes and offsets in its header contradict one another");
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::internal
