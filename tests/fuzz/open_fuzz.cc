// Opens arbitrary files as channels.
//
// Bytes of an input:
//   0    bit 0: the rest is the content of the file, and nothing of the following applies
//        bit 1: opened by a path, not by a descriptor
//   1    capacity: 2^n bytes; 2 max_senders; 3 size of the description, in units of 16 bytes;
//        4 mapping flags: of a correct header
//   5    the number of changed words in it; for each: which (one byte), how (one byte: set to
//        the 8 bytes that follow, add the byte that follows, flip one bit)
//   then the size of the file: that of the changed header (0, 1), that of the correct one (2),
//        a number of bytes (3: 4 bytes follow), those less a number (4: one byte follows)
//   then an offset (2 bytes), and the bytes written there: the rest
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {
namespace {

using internal::Require;
using internal::SegmentHeader;

// Limits the size of files. A channel's file needs all its memory to be opened.
constexpr uint64_t kMostBytes = uint64_t{8} << 20;

struct File {
  std::string bytes;  // the first ones
  uint64_t size = 0;
};

SegmentHeader TakeLayout(Input* input) {
  const uint64_t capacity = uint64_t{1} << input->Pick(23);
  const uint32_t max_senders = 1 + input->Take<uint8_t>();
  const uint64_t description_size = uint64_t{16} * input->Take<uint8_t>();
  const uint32_t flags = input->Pick(4) & internal::kMapHugePages;
  const absl::StatusOr<SegmentHeader> header =
      internal::LayOut(capacity, max_senders, description_size, flags);
  Require(header.ok(), "what is in range can be laid out");
  return *header;
}

void ChangeWords(Input* input, std::string* header) {
  for (uint32_t changes = input->Pick(8); changes > 0; --changes) {
    char* const at = &(*header)[input->Pick(sizeof(SegmentHeader) / 4) * 4 % (header->size() - 7)];
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    switch (input->Pick(3)) {
      case 0:
        word = input->Take<uint64_t>();
        break;
      case 1:
        word += static_cast<uint64_t>(int64_t{input->Take<int8_t>()});
        break;
      default:
        word ^= uint64_t{1} << input->Pick(64);
        break;
    }
    std::memcpy(at, &word, sizeof(word));
  }
}

File TakeFile(Input* input) {
  SegmentHeader header = TakeLayout(input);
  File file;
  file.bytes.assign(reinterpret_cast<const char*>(&header), sizeof(header));
  ChangeWords(input, &file.bytes);
  SegmentHeader changed;
  std::memcpy(&changed, file.bytes.data(), sizeof(changed));
  switch (input->Pick(5)) {
    case 2:
      file.size = header.file_size;
      break;
    case 3:
      file.size = input->Take<uint32_t>();
      break;
    case 4:
      file.size = header.file_size - input->Take<uint8_t>();
      break;
    default:
      file.size = changed.file_size;
      break;
  }
  const size_t offset = input->Take<uint16_t>();
  const absl::string_view rest = input->TakeRest();
  if (!rest.empty()) {
    file.bytes.resize(std::max(file.bytes.size(), offset + rest.size()));
    file.bytes.replace(offset, rest.size(), rest.data(), rest.size());
  }
  return file;
}

internal::UniqueFd WriteFile(const File& file) {
  internal::UniqueFd fd(memfd_create("open_fuzz", MFD_CLOEXEC));
  const std::string bytes = file.bytes.substr(0, std::min(file.size, kMostBytes));
  const off_t size = static_cast<off_t>(std::min(file.size, kMostBytes));
  Require(
      fd.valid() &&
          pwrite(fd.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()) &&
          ftruncate(fd.get(), size) == 0 &&
          // A file with holes cannot be opened.
          (size == 0 || posix_fallocate(fd.get(), 0, size) == 0),
      "a file can be written");
  return fd;
}

// The header that `Open` accepts must be consistent.
void CheckOpened(const SegmentHeader& header, uint64_t size) {
  Require(std::memcmp(header.magic, internal::kMagic, sizeof(header.magic)) == 0 &&
              header.abi_version == internal::kAbiVersion,
          "a channel has magic bytes and this version");
  Require(header.file_size == size, "a channel is as long as it says");
  Require(header.capacity >= 4096 && (header.capacity & (header.capacity - 1)) == 0,
          "a capacity is a power of two, of at least a page");
  Require(header.data_offset % 4096 == 0 && header.data_offset < size &&
              size - header.data_offset == header.capacity,
          "the data are the last part of the file");
  Require(
      header.control_offset == internal::kHeaderSize &&
          header.receiver_slot_offset == header.control_offset + sizeof(internal::ControlBlock) &&
          header.sender_slots_offset ==
              header.receiver_slot_offset + sizeof(internal::ReceiverSlot) &&
          header.max_senders > 0 && header.max_senders <= internal::kMaxSenders,
      "the slots follow the control block");
  Require(
      header.description_offset == header.sender_slots_offset + uint64_t{header.max_senders} *
                                                                    sizeof(internal::SenderSlot) &&
          header.description_size <= header.data_offset &&
          header.description_offset <= header.data_offset - header.description_size,
      "the description lies between the slots and the data");
}

// Uses every part of the opened channel. The input determines the control block and the slots.
void Use(const Channel& channel) {
  const absl::string_view description = channel.description();
  Require(description.size() ==
                  internal::ChannelAccess::SegmentOf(channel)->header().description_size &&
              channel.id().size() == 32,
          "a channel tells what it is");
  absl::StatusOr<Sender> sender = Sender::Attach(channel);
  if (sender.ok()) {
    const size_t size = std::min<size_t>(channel.max_payload(), 1 << 16);
    sender->TrySend(std::string(size, 'x')).IgnoreError();
    sender->TrySend("").IgnoreError();
  }
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
  if (receiver.ok()) {
    for (int i = 0; i < 3; ++i) {
      const absl::StatusOr<Lease> lease = receiver->Receive(absl::ZeroDuration());
      if (!lease.ok()) break;
      Require(lease->payload().size() <= channel.max_payload(), "a message fits");
      volatile char sink = 0;
      for (const char byte : lease->payload()) sink = static_cast<char>(sink ^ byte);
    }
  }
}

void Open(const File& file, bool by_path) {
  const internal::UniqueFd fd = WriteFile(file);
  const absl::StatusOr<Channel> channel =
      by_path ? Channel::Open(absl::StrCat("/proc/self/fd/", fd.get())) : Channel::OpenFd(fd.get());
  if (channel.ok()) {
    CheckOpened(internal::ChannelAccess::SegmentOf(*channel)->header(),
                std::min(file.size, kMostBytes));
    Use(*channel);
    return;
  }
  const absl::StatusCode code = channel.status().code();
  Require(code == absl::StatusCode::kInvalidArgument ||
              code == absl::StatusCode::kFailedPrecondition || code == absl::StatusCode::kDataLoss,
          "Channel::Open returns only what its header lists");
  Require(!channel.status().message().empty(), "an error says what is wrong");
}

}  // namespace
}  // namespace ipmpsc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ipmpsc::fuzz::File;
  using ipmpsc::fuzz::Input;
  Input input(data, size);
  const uint8_t mode = input.Take<uint8_t>();
  File file;
  if (mode % 2 == 1) {
    file.bytes = std::string(input.TakeRest());
    file.size = file.bytes.size();
  } else {
    file = ipmpsc::fuzz::TakeFile(&input);
  }
  ipmpsc::fuzz::Open(file, (mode & 2) != 0);
  return 0;
}
