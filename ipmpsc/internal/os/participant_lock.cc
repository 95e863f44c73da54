#include "ipmpsc/internal/os/participant_lock.h"

#include <errno.h>
#include <fcntl.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ipmpsc::internal {
namespace {

// Behind every byte that a segment can have.
constexpr off_t kLockOffset = off_t{1} << 62;

struct flock LockOf(uint32_t participant, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = kLockOffset + participant;
  lock.l_len = 1;
  return lock;
}

// Of every participant.
struct flock UnlockAll() {
  struct flock lock = LockOf(0, F_UNLCK);
  lock.l_len = 0;  // up to any end
  return lock;
}

}  // namespace

absl::StatusOr<ParticipantLock> ParticipantLock::Open(int segment_fd) {
  const std::string path = absl::StrCat("/proc/self/fd/", segment_fd);
  const int fd = OpenClosedInForkedChild(path.c_str());
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return absl::UnavailableError("/proc is not mounted: a participant's lock needs it");
    }
    return absl::ErrnoToStatus(errno, "cannot open the channel's file for a participant's lock");
  }
  return ParticipantLock(fd);
}

ParticipantLock::~ParticipantLock() {
  // In a forked child the fork handler has closed it, and the number may be another file's by now.
  if (fd_ < 0 || !fork_guard_.InSameProcess()) return;
  // Before it is closed: a child that is being forked by another thread may have the open file for
  // a moment longer, and the lock with it.
  struct flock lock = UnlockAll();
  fcntl(fd_, F_OFD_SETLK, &lock);
  CloseInParent(fd_);
}

absl::StatusOr<bool> ParticipantLock::TryLock(uint32_t participant) {
  struct flock lock = LockOf(participant, F_WRLCK);
  if (fcntl(fd_, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return absl::ErrnoToStatus(errno, "cannot lock a participant's byte of the channel's file");
}

void ParticipantLock::Unlock(uint32_t participant) {
  struct flock lock = LockOf(participant, F_UNLCK);
  fcntl(fd_, F_OFD_SETLK, &lock);
}

bool ParticipantLock::IsAnyHeld(int fd, uint32_t first, uint32_t count) {
  struct flock lock = LockOf(first, F_WRLCK);
  lock.l_len = count;
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return true;
  return lock.l_type != F_UNLCK;
}

}  // namespace ipmpsc::internal
