// KeptFile: the descriptor of an open channel, in a program that may close it.
//
// Programs close descriptors that are not their own (closefrom() in a daemon, a loop before exec),
// and the number then becomes another file's. So a KeptFile remembers which file it opened. It
// checks whether the descriptor is still that file, and closes it only then.
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

// False, with errno, if the kernel gives no answer.
bool IdentifyFile(int fd, FileIdentity* identity);

class KeptFile {
 public:
  // REQUIRES: `fd` is a regular file, open for reading. A descriptor that is not open for writing
  // cannot be marked, so only device and inode identify it.
  //
  // Errors: those of the kernel, if it does not identify the file.
  static absl::StatusOr<KeptFile> Keep(UniqueFd fd);

  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&& other) = delete;
  // Closes the descriptor, unless the program has closed it. The number may now be a file of the
  // program, even the same file opened once more. That one stays open, provided that this open file
  // is still mapped.
  ~KeptFile();

  int fd() const { return fd_; }
  const FileIdentity& identity() const { return identity_; }

  // Checks that the descriptor is still, or again, this file. One system call. Does not notice
  // another thread that closes the descriptor at the same time.
  //
  // Errors: kFailedPrecondition - the program has closed it.
  absl::Status Check() const;

 private:
  KeptFile(int fd, const FileIdentity& identity);

  bool IsOursToClose() const;

  int fd_;  // -1 when moved from
  FileIdentity identity_;
  // The byte whose lock marks the open file, or 0. The mark tells apart two descriptors of one file
  // that have different open files: only the open file that holds it does not see it as a lock. It
  // exists as long as the open file does, that is while a part of it is mapped.
  int64_t mark_ = 0;
  ForkGuard fork_guard_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_KEPT_FILE_H_
