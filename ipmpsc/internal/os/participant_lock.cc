#include "ipmpsc/internal/os/participant_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/unique_fd.h"

namespace ipmpsc::internal {
namespace {

// Beyond every byte that a segment can have.
constexpr off_t kLockOffset = off_t{1} << 62;

// How many forks may interfere before a lock is made in spite of them.
constexpr int kTries = 8;

struct flock LockOf(uint32_t participant, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = kLockOffset + participant;
  lock.l_len = 1;
  return lock;
}

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

absl::Status CannotOpen(const KeptFile& segment, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    const absl::Status ours = segment.Check();
    if (!ours.ok()) return ours;
    return absl::UnavailableError("/proc is not mounted: a participant's lock needs it");
  }
  return absl::ErrnoToStatus(error, "cannot open the channel's file for a participant's lock");
}

void Unmap(void* page) {
  if (munmap(page, PageSize()) == 0 || munmap(page, PageSize()) == 0) return;
  // Memory that the kernel does not unmap can still be replaced.
  mmap(page, PageSize(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

// Maps a page of the open file that children do not inherit. Returns null and sets `status` on
// failure.
void* MapForThisProcess(int fd, absl::Status* status) {
  void* const page = mmap(nullptr, PageSize(), PROT_NONE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    *status = absl::ErrnoToStatus(errno, "cannot map the channel's file for a participant's lock");
    return nullptr;
  }
  if (madvise(page, PageSize(), MADV_DONTFORK) == 0) return page;
  *status = absl::ErrnoToStatus(errno, "cannot keep a participant's lock out of forked children");
  Unmap(page);
  return nullptr;
}

}  // namespace

absl::StatusOr<std::optional<ParticipantLock>> ParticipantLock::TryLock(const KeptFile& segment,
                                                                        uint32_t participant) {
  const std::string path = absl::StrCat("/proc/self/fd/", segment.fd());
  for (int tries = 1;; ++tries) {
    ForkFreeSection section;
    UniqueFd fd = OpenFile(path.c_str(), O_RDWR);
    if (!fd.valid()) return CannotOpen(segment, errno);
    const FileIdentity& expected = segment.identity();
    FileIdentity opened;
    if (!IdentifyFile(fd.get(), &opened) || !(opened == expected)) {
      const absl::Status ours = segment.Check();
      return ours.ok() ? absl::UnavailableError("the kernel does not tell which file it opened")
                       : ours;
    }
    absl::Status status;
    void* const page = MapForThisProcess(fd.get(), &status);
    if (page == nullptr) return status;
    // Before the lock: a child forked until then may have inherited any descriptor.
    if (!section.Guard(fd.get(), expected.device, expected.inode) && tries < kTries) {
      section.Close(fd.Release(), segment.fd());
      Unmap(page);
      continue;
    }
    struct flock lock = LockOf(participant, F_WRLCK);
    const bool locked = fcntl(fd.get(), F_OFD_SETLK, &lock) == 0;
    const int error = errno;
    // The child would close it, but only once it runs.
    const bool again = locked && !section.Undisturbed() && tries < kTries;
    if (again) {
      lock.l_type = F_UNLCK;
      fcntl(fd.get(), F_OFD_SETLK, &lock);
    }
    section.Close(fd.Release(), segment.fd());
    if (again) {
      Unmap(page);
      continue;
    }
    if (locked) return std::optional<ParticipantLock>(ParticipantLock(page));
    Unmap(page);
    if (error == EAGAIN || error == EACCES) return std::optional<ParticipantLock>();
    return absl::ErrnoToStatus(error, "cannot lock a participant's byte of the channel's file");
  }
}

void ParticipantLock::Unlock() {
  void* const page = std::exchange(page_, nullptr);
  // A forked child has no such page, and the address may be another mapping's.
  if (page != nullptr && fork_guard_.InSameProcess()) Unmap(page);
}

absl::StatusOr<bool> ParticipantLock::IsAnyHeld(const KeptFile& segment, uint32_t first,
                                                uint32_t count) {
  struct flock lock = LockOf(first, F_WRLCK);
  lock.l_len = count;
  const bool told = fcntl(segment.fd(), F_OFD_GETLK, &lock) == 0;
  if (told && lock.l_type != F_UNLCK) return true;
  // Checks before answering "not held": another file has no such lock.
  const absl::Status ours = segment.Check();
  if (absl::IsFailedPrecondition(ours)) return ours;
  return !told || !ours.ok();
}

}  // namespace ipmpsc::internal
