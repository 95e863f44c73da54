// UniqueFd: a file descriptor that its owner closes when destroyed, and functions that open one.
//
// The library opens no descriptor as 0, 1 or 2. A process that was started without its standard
// streams gets these numbers for the first files that it opens, and its log output would go into a
// channel.
#ifndef IPMPSC_INTERNAL_OS_UNIQUE_FD_H_
#define IPMPSC_INTERNAL_OS_UNIQUE_FD_H_

#include <sys/types.h>
#include <unistd.h>

#include <utility>

namespace ipmpsc::internal {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Occupies the free ones of the numbers 0, 1 and 2, so that files opened meanwhile get others.
// Reading and writing these numbers fails with EBADF meanwhile, as for closed ones. If they cannot
// be occupied, or another thread closes one meanwhile, `AboveStdio` has to move the descriptor.
class StdioPlug {
 public:
  StdioPlug();
  StdioPlug(const StdioPlug&) = delete;
  StdioPlug& operator=(const StdioPlug&) = delete;
  // Frees the numbers again, except those that are other files by now.
  ~StdioPlug();

 private:
  bool plugged_[3] = {};
};

// Returns the same file under a number above 2: `fd` itself, if it has one. Returns an invalid fd,
// with errno, if `fd` is invalid or no number is left.
UniqueFd AboveStdio(UniqueFd fd);

// open, memfd_create and dup, close-on-exec, with a number above 2. On failure they return an
// invalid fd, and errno says why: EMFILE if only 0, 1 or 2 are left.
UniqueFd OpenFile(const char* path, int flags, mode_t mode = 0);
UniqueFd CreateMemoryFile(const char* name, unsigned flags);
UniqueFd DuplicateFd(int fd);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_UNIQUE_FD_H_
