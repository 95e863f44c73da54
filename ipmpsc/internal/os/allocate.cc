#include "ipmpsc/internal/os/allocate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/os/memory_limits.h"

namespace ipmpsc::internal {
namespace {

// The size of one step. An interrupted allocation begins again, so a small step lets a process make
// progress that gets signals all the time.
constexpr uint64_t kStep = uint64_t{64} << 20;
constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

// Adds the kernel's bookkeeping for a file in memory, which counts against the same limits: page
// tables for two mappings, the index of pages, and the reserve of each processor.
uint64_t WithBookkeeping(uint64_t size) { return size + size / 128 + (128 << 10); }

absl::Status NoRoom(uint64_t size, absl::string_view why) {
  return absl::ResourceExhaustedError(
      absl::StrCat("no room for a channel of ", size, " bytes: ", why));
}

bool IsInMemory(const struct statfs& system) {
  const auto type = static_cast<unsigned long>(system.f_type);
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

// Checks that there is room for `missing` bytes of a file of `size`. Called before the allocation:
// a file in memory would take all memory before it fails or its process is killed, and a file that
// is too long also raises SIGXFSZ. If the room is unknown, the allocation itself has to fail.
absl::Status CheckRoom(int fd, uint64_t size, uint64_t missing) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && size > limit.rlim_cur) {
    return NoRoom(size, absl::StrCat("this process may write files of at most ", limit.rlim_cur,
                                     " bytes; raise RLIMIT_FSIZE (ulimit -f)"));
  }
  struct statfs system;
  if (fstatfs(fd, &system) != 0) return absl::OkStatus();
  // A memfd has no blocks, and neither has a tmpfs without a limit.
  if (system.f_blocks != 0) {
    const uint64_t block =
        static_cast<uint64_t>(system.f_frsize > 0 ? system.f_frsize : system.f_bsize);
    const uint64_t free = system.f_bavail > kMost / block ? kMost : system.f_bavail * block;
    if (missing > free) {
      return NoRoom(size, absl::StrCat("its file system has ", free,
                                       " bytes free; free some, or enlarge it"));
    }
  }
  if (!IsInMemory(system)) return absl::OkStatus();
  const uint64_t needed = WithBookkeeping(missing);
  const MemoryRoom groups = ControlGroupRoom();
  if (needed > groups.bytes) {
    return NoRoom(size, absl::StrCat("the memory limit (", groups.limit, ") leaves ", groups.bytes,
                                     " bytes; raise the limit, or choose a smaller capacity"));
  }
  const MemoryRoom machine = MachineRoom();
  if (needed > machine.bytes) {
    return NoRoom(size, absl::StrCat(machine.limit, ", is ", machine.bytes,
                                     " bytes; choose a smaller capacity"));
  }
  return absl::OkStatus();
}

// Reserves `size` bytes of the new file from `offset` on by writing zeros. Returns 0 or an errno.
int WriteZeros(int fd, uint64_t offset, uint64_t size) {
  static constexpr char kZeros[16 << 10] = {};
  for (uint64_t done = 0; done < size;) {
    const ssize_t written = pwrite(fd, kZeros, std::min(uint64_t{sizeof(kZeros)}, size - done),
                                   static_cast<off_t>(offset + done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return EIO;  // It would never end.
    done += static_cast<uint64_t>(written);
  }
  return 0;
}

// Reserves `size` bytes of the new file from `offset` on. Returns 0 or an errno. posix_fallocate
// writes to a file system without fallocate (NFS before 4.2, some of FUSE) in one C library, and
// fails in another.
int Reserve(int fd, uint64_t offset, uint64_t size) {
  if (fallocate(fd, 0, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0) return 0;
  return errno == EOPNOTSUPP ? WriteZeros(fd, offset, size) : errno;
}

absl::Status CannotAllocate(uint64_t size, int error) {
  switch (error) {
    case ENOSPC:
      return NoRoom(size, "its file system is full; free some space, or enlarge it");
    case EDQUOT:
      return NoRoom(size, "the quota of this user or project on its file system is used up");
    case EFBIG:
      return NoRoom(size, "its file system does not support files of that size");
    case ENOMEM:
      return NoRoom(size, "the kernel has no memory left for it");
    default:
      return absl::ErrnoToStatus(error,
                                 absl::StrCat("cannot allocate a channel of ", size, " bytes"));
  }
}

}  // namespace

absl::Status AllocateFile(int fd, uint64_t size) {
  for (uint64_t done = 0; done < size;) {
    // Checks again before each step, since others take room at the same time.
    const absl::Status room = CheckRoom(fd, size, size - done);
    if (!room.ok()) return room;
    const uint64_t step = std::min(kStep, size - done);
    const int error = Reserve(fd, done, step);
    if (error == EINTR) continue;
    if (error != 0) return CannotAllocate(size, error);
    done += step;
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::internal
