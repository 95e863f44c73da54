#include "ipmpsc/internal/os/allocate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"

namespace ipmpsc::internal {
namespace {

// So few at one time, so that a process that gets signals all the time gets on: an interrupted
// allocation begins again.
constexpr uint64_t kStep = uint64_t{64} << 20;

// What the file system could give at best. Asked first, since a file in memory would take what
// there is before it fails, and others would pay for that.
uint64_t Room(int fd) {
  struct statvfs space;
  if (fstatvfs(fd, &space) == 0 && space.f_blocks != 0) {
    return uint64_t{space.f_bavail} * space.f_frsize;
  }
  // A memfd, or a tmpfs without a limit. Where nobody knows, the allocation itself must tell.
  struct sysinfo memory;
  if (sysinfo(&memory) != 0) return std::numeric_limits<uint64_t>::max();
  return (uint64_t{memory.totalram} + memory.totalswap) * memory.mem_unit;
}

// What this process may give a file. Asked first, since what goes beyond is not only an error but a
// SIGXFSZ too.
uint64_t Allowed() {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

absl::Status NoRoom(uint64_t size, int error) {
  const std::string text = absl::StrCat("no room for a channel of ", size, " bytes");
  // Beyond the machine's memory, or beyond what a file can have, is the same to the user as a full
  // file system.
  if (error == ENOMEM || error == EFBIG || error == ENOSPC) {
    return absl::ResourceExhaustedError(absl::StrCat(text, ": ", strerror(error)));
  }
  return absl::ErrnoToStatus(error, text);
}

}  // namespace

absl::Status AllocateFile(int fd, uint64_t size) {
  if (size > Room(fd)) return NoRoom(size, ENOSPC);
  if (size > Allowed()) return NoRoom(size, EFBIG);
  for (uint64_t done = 0; done < size;) {
    const uint64_t step = std::min(kStep, size - done);
    const int error = posix_fallocate(fd, static_cast<off_t>(done), static_cast<off_t>(step));
    if (error == EINTR) continue;
    if (error != 0) return NoRoom(size, error);
    done += step;
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::internal
