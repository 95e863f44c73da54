// KeptFile: a descriptor that is kept for as long as a channel is open, in a program that may close it.
//
// Programs close descriptors that are not their own (closefrom() in a daemon, a loop before exec), and
// the number then becomes another file's. So a KeptFile remembers which file it opened, says whether
// the descriptor still is that file, and closes it only where it is.
#ifndef IPMPSC_INTERNAL_OS_KEPT_FILE_H_
#define IPMPSC_INTERNAL_OS_KEPT_FILE_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/unique_fd.h"

namespace ipmpsc::internal {

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const FileIdentity& a, const FileIdentity& b) {
    return a.device == b.device && a.inode == b.inode;
  }
};

// False, with errno, where the kernel does not say.
bool IdentifyFile(int fd, FileIdentity* identity);

class KeptFile {
 public:
  // REQUIRES: `fd` is a regular file, open for reading and writing.
  //
  // Errors: what the kernel says, where it does not tell which file it is.
  static absl::StatusOr<KeptFile> Keep(UniqueFd fd);

  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&& other) = delete;
  // Closes the descriptor, unless the program has closed it. The number may be a file of the program's
  // by now, even the same file opened once more: that one stays open, as far as this open file is mapped
  // still.
  ~KeptFile();

  int fd() const { return fd_; }
  const FileIdentity& identity() const { return identity_; }

  // Checks that the descriptor is this file still, or again. One system call. Another thread that
  // closes the descriptor at the same time is not noticed.
  //
  // Errors: kFailedPrecondition - the program has closed it.
  absl::Status Check() const;

 private:
  KeptFile(int fd, const FileIdentity& identity);

  bool IsOursToClose() const;

  int fd_;  // -1 when moved from
  FileIdentity identity_;
  // The byte whose lock marks the open file, or 0. Two descriptors of one file differ in their open
  // files only, and the mark tells these apart: the one that holds it does not see it as a lock. It is
  // there for as long as the open file is: while something of it is mapped.
  int64_t mark_ = 0;
  ForkGuard fork_guard_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_KEPT_FILE_H_
