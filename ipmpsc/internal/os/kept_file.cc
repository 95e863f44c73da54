#include "ipmpsc/internal/os/kept_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/random.h"

namespace ipmpsc::internal {
namespace {

// Marks are beyond the bytes of all participants (participant_lock.cc), in a range so large that
// two never collide.
constexpr int64_t kFirstMark = (int64_t{1} << 62) + (int64_t{1} << 32);
constexpr uint64_t kMarkMask = (uint64_t{1} << 61) - 1;

struct flock MarkAt(int64_t offset, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

}  // namespace

bool IdentifyFile(int fd, FileIdentity* identity) {
  struct stat file;
  if (fstat(fd, &file) != 0) return false;
  *identity = {file.st_dev, file.st_ino};
  return true;
}

absl::StatusOr<KeptFile> KeptFile::Keep(UniqueFd fd) {
  FileIdentity identity;
  if (!IdentifyFile(fd.get(), &identity)) {
    return absl::ErrnoToStatus(errno, "cannot look at the channel's file");
  }
  return KeptFile(fd.Release(), identity);
}

KeptFile::KeptFile(int fd, const FileIdentity& identity) : fd_(fd), identity_(identity) {
  const absl::StatusOr<uint64_t> random = RandomWord();
  if (!random.ok()) return;
  const int64_t offset = kFirstMark + static_cast<int64_t>(*random & kMarkMask);
  struct flock lock = MarkAt(offset, F_WRLCK);
  // If it fails, or a process has locked the whole file, only device and inode identify it.
  if (fcntl(fd_, F_OFD_SETLK, &lock) == 0) mark_ = offset;
}

KeptFile::KeptFile(KeptFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      identity_(other.identity_),
      mark_(other.mark_),
      fork_guard_(other.fork_guard_) {}

KeptFile::~KeptFile() {
  if (fd_ < 0 || !IsOursToClose()) return;
  // Other descriptors of the same open file may live on. In a forked child the mark belongs to the
  // parent, too.
  if (mark_ != 0 && fork_guard_.InSameProcess()) {
    struct flock lock = MarkAt(mark_, F_UNLCK);
    fcntl(fd_, F_OFD_SETLK, &lock);
  }
  close(fd_);
}

bool KeptFile::IsOursToClose() const {
  FileIdentity now;
  // Asks a second time after an error other than that the descriptor is not open.
  if (!IdentifyFile(fd_, &now) && (errno == EBADF || !IdentifyFile(fd_, &now))) return false;
  if (!(now == identity_)) return false;
  if (mark_ == 0) return true;
  struct flock lock = MarkAt(mark_, F_WRLCK);
  return fcntl(fd_, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK;
}

absl::Status KeptFile::Check() const {
  FileIdentity now;
  const bool open = IdentifyFile(fd_, &now);
  if (open && now == identity_) return absl::OkStatus();
  if (!open && errno != EBADF) {
    return absl::ErrnoToStatus(errno, "cannot look at the channel's file");
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the program closed the channel's file descriptor ", fd_,
                   open ? " and opened another file with its number" : "",
                   ": open the channel anew and attach again"));
}

}  // namespace ipmpsc::internal
