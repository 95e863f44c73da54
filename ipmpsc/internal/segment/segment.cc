#include "ipmpsc/internal/segment/segment.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/os/use_mark.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/path_error.h"

namespace ipmpsc::internal {
namespace {

Ring RingIn(const Mapping& mapping, const SegmentHeader& header) {
  char* const base = mapping.base();
  Ring ring = {};
  ring.control = reinterpret_cast<ControlBlock*>(base + header.control_offset);
  ring.receiver_slot = reinterpret_cast<ReceiverSlot*>(base + header.receiver_slot_offset);
  ring.sender_slots = reinterpret_cast<SenderSlot*>(base + header.sender_slots_offset);
  ring.sender_slot_count = header.max_senders;
  ring.data = base + header.data_offset;
  ring.capacity = header.capacity;
  ring.stamp_key = header.stamp_key;
  ring.trailer_size = (header.flags & kTimestamps) != 0 ? sizeof(RecordTrailer) : 0;
  return ring;
}

// Whether the file system says exactly how many bytes of a file have space. Others compress, or do
// not count.
bool CountsSpace(int fd) {
  struct statfs system;
  if (fstatfs(fd, &system) != 0) return false;
  switch (static_cast<unsigned long>(system.f_type)) {
    case TMPFS_MAGIC:  // memfds, too
    case RAMFS_MAGIC:
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}

// Refuses a file with holes. Touching a hole takes memory at the expense of the touching process,
// or kills it by SIGBUS if there is none left. No creator leaves holes, but a copying program or a
// hostile creator may.
absl::Status CheckNoHoles(int fd, const struct stat& file) {
  const uint64_t size = static_cast<uint64_t>(file.st_size);
  const uint64_t space = static_cast<uint64_t>(file.st_blocks) * 512;
  if (space >= size || !CountsSpace(fd)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the channel's file has holes: only ", space,
                                          " of the file's ", size,
                                          " bytes are allocated on the file system; fill the holes "
                                          "(fallocate) or copy the file without holes"));
}

// Restarts the age of the file. Cleaners that ignore locks (systemd-tmpfiles before version 254,
// tmpreaper) go by the youngest of a file's times.
void Refresh(int fd) { (void)futimens(fd, nullptr); }

// Returns an empty path if it cannot be known.
std::string Absolute(const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  char working[PATH_MAX];
  if (getcwd(working, sizeof(working)) == nullptr) return "";
  return absl::StrCat(working, "/", path);
}

}  // namespace

absl::StatusOr<SegmentHeader> Segment::ReadHeader(int fd) {
  struct stat file;
  if (fstat(fd, &file) != 0) {
    const absl::string_view what = "not a file descriptor that can be used";
    return errno == EBADF ? absl::InvalidArgumentError(what) : absl::ErrnoToStatus(errno, what);
  }
  if (!S_ISREG(file.st_mode))
    return absl::InvalidArgumentError("not an ipmpsc channel: not a regular file");
  SegmentHeader header = {};
  const ssize_t size = pread(fd, &header, sizeof(header), 0);
  if (size < 0) {
    const absl::string_view what = "cannot read the header";
    // It is open, but not for reading.
    return errno == EBADF ? absl::PermissionDeniedError(what) : absl::ErrnoToStatus(errno, what);
  }
  // Missing bytes read as zeros: without magic it is no channel, with it a truncated one.
  const absl::Status checked = CheckHeader(header, static_cast<uint64_t>(file.st_size));
  if (!checked.ok()) return checked;
  if (((header.flags & kPolledWaits) == 0) != FutexWakes()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel's creator sleeps ", FutexWakes() ? "without" : "with",
                     " futexes, and this program ", FutexWakes() ? "with" : "without",
                     " them: build all programs that use a channel alike (IPMPSC_NOFUTEX)"));
  }
  const absl::Status whole = CheckNoHoles(fd, file);
  if (!whole.ok()) return whole;
  return header;
}

absl::StatusOr<std::shared_ptr<Segment>> Segment::FromFd(UniqueFd fd, absl::string_view path,
                                                         const OpenOptions& options,
                                                         Access access) {
  const absl::StatusOr<SegmentHeader> header = ReadHeader(fd.get());
  if (!header.ok()) return WithPath(header.status(), path);
  MappingOptions mapping_options;
  mapping_options.prefault = options.prefault;
  mapping_options.read_only = access == Access::kReadOnly;
  // Costs the opener nothing extra: the file's pages exist already.
  mapping_options.huge_pages = (header->flags & kMapHugePages) != 0;
  absl::StatusOr<Mapping> mapping =
      Mapping::Map(fd.get(), header->data_offset, header->capacity, mapping_options);
  if (!mapping.ok()) return WithPath(mapping.status(), path);
  if (access == Access::kReadWrite) {
    // Best done and not needed: a cleaner that removes the file meanwhile makes it one that is gone
    // from its path, as it could a moment earlier.
    MarkInUse(fd.get()).IgnoreError();
    Refresh(fd.get());
  }
  absl::StatusOr<KeptFile> file = KeptFile::Keep(std::move(fd));
  if (!file.ok()) return WithPath(file.status(), path);
  return std::shared_ptr<Segment>(
      new Segment(*std::move(file), path, *header, *std::move(mapping), access));
}

Segment::Segment(KeptFile file, absl::string_view path, const SegmentHeader& header,
                 Mapping mapping, Access access)
    : path_(path),
      header_(header),
      access_(access),
      mapping_(std::move(mapping)),
      file_(std::move(file)),
      ring_(RingIn(mapping_, header_)),
      description_(mapping_.base() + header_.description_offset, header_.description_size),
      absolute_path_(Absolute(path_)),
      refreshed_(MonotonicNow()) {}

Segment::~Segment() {
  if (!unlink_when_done_ || !fork_guard_.InSameProcess()) return;
  struct stat named;
  if (lstat(path_.c_str(), &named) == 0 &&
      FileIdentity{named.st_dev, named.st_ino} == file_.identity()) {
    unlink(path_.c_str());
  }
}

bool Segment::IsGoneFromPath() const {
  if (absolute_path_.empty()) return false;
  struct stat named;
  if (stat(absolute_path_.c_str(), &named) != 0) return errno == ENOENT || errno == ENOTDIR;
  return !(FileIdentity{named.st_dev, named.st_ino} == file_.identity());
}

bool Segment::HasEnded() const {
  // Relaxed: it orders no other reads.
  return internal::HasEnded(ring_.control->claim_word.load(std::memory_order_relaxed));
}

void Segment::KeepFresh(MonotonicNanos now) const {
  constexpr int64_t kHour = int64_t{3'600'000'000'000};
  // Relaxed: only a time. Two threads that find it old both refresh it.
  if (now - refreshed_.load(std::memory_order_relaxed) < kHour) return;
  refreshed_.store(now, std::memory_order_relaxed);
  if (file_.Check().ok()) Refresh(fd());
}

absl::Status Segment::CheckFileSize() const {
  if (read_only()) {
    return WithPath(absl::PermissionDeniedError(
                        "the channel was opened read-only, to look: open it with Channel::Open to "
                        "send or receive"),
                    path_);
  }
  const absl::Status ours = CheckFd();
  if (!ours.ok()) return ours;
  struct stat file;
  if (fstat(fd(), &file) != 0) {
    return WithPath(absl::ErrnoToStatus(errno, "cannot look at the channel's file"), path_);
  }
  const absl::Status long_enough = CheckSize(header_, static_cast<uint64_t>(file.st_size));
  if (!long_enough.ok()) return WithPath(long_enough, path_);
  return WithPath(CheckNoHoles(fd(), file), path_);
}

size_t Segment::max_payload() const {
  return std::min<uint64_t>(ring_.capacity - sizeof(RecordHeader) - ring_.trailer_size,
                            kMaxPayload);
}

absl::Status Segment::CheckFd() const { return WithPath(file_.Check(), path_); }

absl::StatusOr<bool> Segment::IsAnyHeld(uint32_t first, uint32_t count) const {
  const absl::StatusOr<bool> held = ParticipantLock::IsAnyHeld(file_, first, count);
  if (!held.ok()) return WithPath(held.status(), path_);
  return held;
}

absl::StatusOr<bool> Segment::HasReceiver() const {
  return IsAnyHeld(ParticipantLock::kReceiver, 1);
}

absl::StatusOr<bool> Segment::HasSender() const {
  return IsAnyHeld(ParticipantLock::OfSender(0), header_.max_senders);
}

void Segment::End(ClaimWord end) {
  if (read_only()) return;
  ControlBlock* const control = ring_.control;
  // First wakes the receiver. The changed word keeps it from sleeping without a bound again, so it
  // finds the end even if this process dies before the wakes below. Relaxed: the kernel's
  // comparison orders it.
  control->claim_word.fetch_or(kClaimEnding, std::memory_order_relaxed);
  FutexWakeAll(LowHalfOfClaimWord(control));
  // [end] release; pairs with [claimed] acquire: the earlier steps of this process before the end.
  control->claim_word.fetch_or(end, std::memory_order_release);
  // [announce] seq_cst; pairs with [sleep] membarrier: either the sleeper sees the end, or its word
  // is seen below.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  WithdrawReceiverWait(control);
  FutexWakeAll(LowHalfOfClaimWord(control));
  FutexWakeAll(&control->receiver_wait);
  MustWakeSenders(control);
  FutexWakeAll(&control->senders_wait);
}

}  // namespace ipmpsc::internal
