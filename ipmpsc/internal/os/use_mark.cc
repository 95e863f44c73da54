#include "ipmpsc/internal/os/use_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>

namespace ipmpsc::internal {
namespace {

// Some versions of the kernel's headers lack it.
constexpr unsigned long kZfs = 0x2fc12fc1;

// Whether the file system is local. Over a network the kernel makes a byte-range lock of it, which
// would conflict with the participants' locks.
bool CanBeMarked(int fd) {
  struct statfs system;
  if (fstatfs(fd, &system) != 0) return false;
  switch (static_cast<unsigned long>(system.f_type)) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
    case kZfs:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::Status MarkInUse(int fd) {
  if (!CanBeMarked(fd) || flock(fd, LOCK_SH | LOCK_NB) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot mark the channel's file as in use (flock)");
}

bool IsUnused(int fd) {
  if (!CanBeMarked(fd) || flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
  // Any lock of a participant, or of another program.
  struct flock lock = {};
  lock.l_type = F_RDLCK;  // `fd` may be open for reading only
  lock.l_whence = SEEK_SET;
  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

}  // namespace ipmpsc::internal
