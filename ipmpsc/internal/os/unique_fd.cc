#include "ipmpsc/internal/os/unique_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace ipmpsc::internal {
namespace {

constexpr int kFirstUsable = STDERR_FILENO + 1;

}  // namespace

StdioPlug::StdioPlug() {
  const int saved = errno;
  for (int fd = 0; fd < kFirstUsable; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // A file that cannot be read or written through this descriptor.
    const int plug = open("/", O_PATH | O_CLOEXEC);
    if (plug < 0) break;
    if (plug >= kFirstUsable) {
      close(plug);
      break;
    }
    plugged_[plug] = true;
  }
  errno = saved;
}

StdioPlug::~StdioPlug() {
  const int saved = errno;
  for (int fd = 0; fd < kFirstUsable; ++fd) {
    if (!plugged_[fd]) continue;
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_PATH) != 0) close(fd);
  }
  errno = saved;
}

UniqueFd DuplicateFd(int fd) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, kFirstUsable));
  // The error of fcntl if RLIMIT_NOFILE allows no such number.
  if (!copy.valid() && errno == EINVAL) errno = EMFILE;
  return copy;
}

UniqueFd AboveStdio(UniqueFd fd) {
  if (!fd.valid() || fd.get() >= kFirstUsable) return fd;
  UniqueFd copy = DuplicateFd(fd.get());
  const int saved = errno;
  fd = UniqueFd();
  errno = saved;
  return copy;
}

UniqueFd OpenFile(const char* path, int flags, mode_t mode) {
  const StdioPlug plug;
  return AboveStdio(UniqueFd(open(path, flags | O_CLOEXEC, mode)));
}

UniqueFd CreateMemoryFile(const char* name, unsigned flags) {
  const StdioPlug plug;
  return AboveStdio(UniqueFd(memfd_create(name, flags | MFD_CLOEXEC)));
}

}  // namespace ipmpsc::internal
