#include "ipmpsc/internal/segment/segment_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/allocate.h"
#include "ipmpsc/internal/os/kept_file.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/path_error.h"

namespace ipmpsc::internal {
namespace {

absl::Status CheckNobodyLives(const KeptFile& file, const SegmentHeader& header) {
  const absl::StatusOr<bool> held =
      ParticipantLock::IsAnyHeld(file, ParticipantLock::kReceiver, 1 + header.max_senders);
  if (!held.ok()) return held.status();
  if (!*held) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "a sender or a receiver is attached: end the programs that use the channel, or look at it "
      "with a Tap");
}

absl::Status CopyBytes(int from, int to, uint64_t size) {
  std::vector<char> buffer(std::min(size, uint64_t{1} << 20));
  for (uint64_t at = 0; at < size;) {
    const size_t wanted = std::min<uint64_t>(buffer.size(), size - at);
    const ssize_t count = pread(from, buffer.data(), wanted, static_cast<off_t>(at));
    if (count < 0) {
      if (errno == EINTR) continue;
      return absl::ErrnoToStatus(errno, "cannot read the channel's file");
    }
    if (count == 0) {
      return absl::DataLossError(absl::StrCat("the file was truncated to ", at,
                                              " bytes while it was read; its header says ", size));
    }
    // The copy has all its space, so a short write cannot come from a full file system.
    for (ssize_t written = 0; written < count;) {
      const ssize_t some = pwrite(to, buffer.data() + written, static_cast<size_t>(count - written),
                                  static_cast<off_t>(at) + written);
      if (some < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "cannot copy the channel");
      if (some > 0) written += some;
    }
    at += static_cast<uint64_t>(count);
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> CopyFile(UniqueFd fd) {
  const absl::StatusOr<SegmentHeader> header = Segment::ReadHeader(fd.get());
  if (!header.ok()) return header.status();
  const absl::StatusOr<KeptFile> file = KeptFile::Keep(std::move(fd));
  if (!file.ok()) return file.status();
  absl::Status status = CheckNobodyLives(*file, *header);
  if (!status.ok()) return status;
  UniqueFd copy = CreateMemoryFile("ipmpsc-post-mortem", 0);
  if (!copy.valid()) return absl::ErrnoToStatus(errno, "cannot create a file for the copy");
  status = AllocateFile(copy.get(), header->file_size);
  if (!status.ok()) return status;
  status = CopyBytes(file->fd(), copy.get(), header->file_size);
  if (!status.ok()) return status;
  // A participant that came meanwhile may have changed what was copied.
  status = CheckNobodyLives(*file, *header);
  if (!status.ok()) return status;
  return copy;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Segment>> CopySegment(absl::string_view path) {
  const absl::Status usable = CheckPath(path);
  if (!usable.ok()) return usable;
  // O_NONBLOCK: a FIFO is no channel, and opening it must not block.
  UniqueFd fd = OpenFile(std::string(path).c_str(), O_RDONLY | O_NONBLOCK);
  if (!fd.valid()) return PathError(errno, path, "cannot open it");
  absl::StatusOr<UniqueFd> copy = CopyFile(std::move(fd));
  if (!copy.ok()) return WithPath(copy.status(), path);
  return Segment::FromFd(*std::move(copy), path, {}, Access::kReadOnly);
}

}  // namespace ipmpsc::internal
