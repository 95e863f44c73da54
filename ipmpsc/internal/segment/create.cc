#include "ipmpsc/internal/segment/create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ipmpsc/internal/os/allocate.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/random.h"
#include "ipmpsc/internal/segment/nascent_file.h"
#include "ipmpsc/internal/segment/path_error.h"

namespace ipmpsc::internal {
namespace {

// How often a file may come and go between two looks at it before giving up.
constexpr int kTries = 16;

// The bytes of a new segment before its data.
absl::StatusOr<std::string> NewSegmentFront(const SegmentHeader& layout,
                                            absl::string_view description) {
  SegmentHeader header = layout;
  for (uint64_t* word : {&header.channel_id[0], &header.channel_id[1], &header.stamp_key}) {
    const absl::StatusOr<uint64_t> random = RandomWord();
    if (!random.ok()) return random.status();
    *word = *random;
  }
  header.created = absl::GetCurrentTimeNanos();

  // What is not set is zero: the control block and the receiver's slot begin so.
  std::string front(header.description_offset + header.description_size, '\0');
  std::memcpy(&front[0], &header, sizeof(header));
  for (uint32_t slot = 0; slot < header.max_senders; ++slot) {
    static_assert(offsetof(SenderSlot, intent_position) == 0);
    std::memcpy(&front[header.sender_slots_offset + slot * sizeof(SenderSlot)], &kNoIntent,
                sizeof(kNoIntent));
  }
  std::memcpy(&front[header.description_offset], description.data(), description.size());
  return front;
}

absl::Status WriteAll(int fd, absl::string_view bytes) {
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t size =
        pwrite(fd, bytes.data() + written, bytes.size() - written, static_cast<off_t>(written));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return absl::ErrnoToStatus(errno, "cannot write the header");
    written += static_cast<size_t>(size);
  }
  return absl::OkStatus();
}

absl::StatusOr<SegmentHeader> LayoutFor(const ChannelOptions& options) {
  return LayOut(options.capacity, options.max_senders, options.description.size(),
                (options.huge_pages ? kMapHugePages : 0) | (options.timestamps ? kTimestamps : 0) |
                    (kFutexWakes ? 0 : kPolledWaits));
}

// How the creator maps its own channel.
OpenOptions OwnMapping(const ChannelOptions& options) {
  OpenOptions own;
  own.prefault = options.prefault;
  return own;
}

// Makes an empty file a segment.
absl::Status Fill(int fd, const SegmentHeader& layout, absl::string_view description) {
  const absl::Status allocated = AllocateFile(fd, layout.file_size);
  if (!allocated.ok()) return allocated;
  const absl::StatusOr<std::string> front = NewSegmentFront(layout, description);
  if (!front.ok()) return front.status();
  return WriteAll(fd, *front);
}

absl::Status Named(const absl::Status& status, absl::string_view path) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::Status CheckIsChannel(int fd, const std::string& path) {
  char magic[sizeof(kMagic)];
  const ssize_t size = pread(fd, magic, sizeof(magic), 0);
  // What cannot be read at any place (a terminal, a directory) is no channel either.
  if (size < 0 && errno != ESPIPE && errno != EISDIR) {
    return PathError(errno, path, "cannot read what is to be replaced");
  }
  if (size == sizeof(magic) && std::memcmp(magic, kMagic, sizeof(magic)) == 0)
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": not an ipmpsc channel; not replaced"));
}

// What is to be replaced. Opened before anything is done, so that nothing is missing later to tell
// its users; null where nothing is there, or what is there cannot have users. Protects what is no
// channel from being replaced by one.
absl::StatusOr<std::shared_ptr<Segment>> OpenReplaceable(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT) return nullptr;
    return PathError(errno, path, "cannot open what is to be replaced");
  }
  const absl::Status channel = CheckIsChannel(fd.get(), path);
  if (!channel.ok()) return channel;
  absl::StatusOr<std::shared_ptr<Segment>> segment = Segment::FromFd(std::move(fd), path);
  // Damaged, or of another version.
  if (absl::IsDataLoss(segment.status()) || absl::IsFailedPrecondition(segment.status()))
    return nullptr;
  return segment;
}

bool IsSameFile(int a, int b) {
  struct stat one;
  struct stat other;
  return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// `found`: what was there before, may be null. `displaced`: what has been replaced, as far as it
// can be opened.
void TellReplaced(std::shared_ptr<Segment> found, UniqueFd displaced) {
  // Others may have replaced what was found, and told its users; then it is theirs that is to be
  // told. Where that cannot be had, what was found is not at its path any more in any case.
  if (displaced.valid() && !(found != nullptr && IsSameFile(displaced.get(), found->fd()))) {
    absl::StatusOr<std::shared_ptr<Segment>> other = Segment::FromFd(std::move(displaced), "");
    if (other.ok()) found = *std::move(other);
  }
  if (found != nullptr) found->End(kClaimReplaced);
}

absl::StatusOr<std::shared_ptr<Segment>> CreateNamed(const std::string& path,
                                                     const ChannelOptions& options, bool replace) {
  const absl::StatusOr<SegmentHeader> layout = LayoutFor(options);
  if (!layout.ok()) return Named(layout.status(), path);
  std::shared_ptr<Segment> found;
  if (replace) {
    absl::StatusOr<std::shared_ptr<Segment>> replaceable = OpenReplaceable(path);
    if (!replaceable.ok()) return replaceable;
    found = *std::move(replaceable);
  }
  absl::StatusOr<NascentFile> file = NascentFile::Create(path, options.mode);
  if (!file.ok()) return file.status();
  const absl::Status filled = Fill(file->fd(), *layout, options.description);
  if (!filled.ok()) return Named(filled, path);
  // Mapped before it is named, so that a failure leaves nothing behind.
  UniqueFd fd(fcntl(file->fd(), F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) return PathError(errno, path, "no file descriptor left");
  absl::StatusOr<std::shared_ptr<Segment>> segment =
      Segment::FromFd(std::move(fd), path, OwnMapping(options));
  if (!segment.ok()) return segment;
  if (replace) {
    absl::StatusOr<UniqueFd> displaced = file->NameInPlace();
    if (!displaced.ok()) return displaced.status();
    TellReplaced(std::move(found), *std::move(displaced));
  } else {
    const absl::Status named = file->Name();
    if (!named.ok()) return named;
  }
  return segment;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Segment>> OpenSegment(absl::string_view path,
                                                     const OpenOptions& options) {
  const absl::Status usable = CheckPath(path);
  if (!usable.ok()) return usable;
  const std::string name(path);
  // O_NONBLOCK: a FIFO is no channel, and must not keep us waiting to say so.
  UniqueFd fd(open(name.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    const int error = errno;
    const absl::Status failed = PathError(error, path, "cannot open it");
    return absl::IsInvalidArgument(failed) ? PathError(error, path, "not an ipmpsc channel")
                                           : failed;
  }
  return Segment::FromFd(std::move(fd), path, options);
}

absl::StatusOr<std::shared_ptr<Segment>> CreateSegment(absl::string_view path,
                                                       const ChannelOptions& options) {
  const absl::Status usable = CheckPath(path);
  if (!usable.ok()) return usable;
  const std::string name(path);
  if (options.exist_policy != ExistPolicy::kOpen) {
    return CreateNamed(name, options, options.exist_policy == ExistPolicy::kReplace);
  }
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<std::shared_ptr<Segment>> opened = OpenSegment(path, OwnMapping(options));
    if (!absl::IsNotFound(opened.status())) return opened;
    absl::StatusOr<std::shared_ptr<Segment>> created = CreateNamed(name, options, false);
    if (!absl::IsAlreadyExists(created.status())) return created;
  }
  return absl::AbortedError(absl::StrCat(path, ": others kept creating and removing it"));
}

absl::StatusOr<std::shared_ptr<Segment>> CreateTempSegment(const ChannelOptions& options) {
  std::string directory = "/dev/shm";
  if (access(directory.c_str(), W_OK) != 0) {
    const char* temporary = getenv("TMPDIR");
    directory = temporary != nullptr ? temporary : "/tmp";
  }
  const absl::StatusOr<uint64_t> random = RandomWord();
  if (!random.ok()) return random.status();
  absl::StatusOr<std::shared_ptr<Segment>> segment = CreateNamed(
      absl::StrCat(directory, "/ipmpsc-", absl::Hex(*random, absl::kZeroPad16)), options, false);
  if (segment.ok()) (*segment)->UnlinkWhenDone();
  return segment;
}

absl::StatusOr<std::shared_ptr<Segment>> CreateAnonymousSegment(const ChannelOptions& options) {
  const absl::StatusOr<SegmentHeader> layout = LayoutFor(options);
  if (!layout.ok()) return layout.status();
  UniqueFd fd(memfd_create("ipmpsc", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot create an anonymous file");
  const absl::Status filled = Fill(fd.get(), *layout, options.description);
  if (!filled.ok()) return filled;
  // Nobody can truncate it any more, or take this back.
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return absl::ErrnoToStatus(errno, "cannot seal the anonymous file");
  }
  return Segment::FromFd(std::move(fd), "", OwnMapping(options));
}

}  // namespace ipmpsc::internal
