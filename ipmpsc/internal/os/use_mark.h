// The mark of a file in use, for processes that would remove it. It is an advisory lock (flock,
// shared), which the kernel drops with the last descriptor of the open file, however its process
// ends.
//
// Two kinds of cleaners respect it. systemd-tmpfiles from version 254 on (Debian 13) leaves locked
// files alone, whatever their age. Creators of channels check it before they remove the files of a
// dead creator. It is independent of the locks by which participants show that they live.
#ifndef IPMPSC_INTERNAL_OS_USE_MARK_H_
#define IPMPSC_INTERNAL_OS_USE_MARK_H_

#include "absl/status/status.h"

namespace ipmpsc::internal {

// Marks the file as in use, for as long as the open file behind `fd` is open. Does nothing on file
// systems where flock would conflict with the other locks (NFS) or is not known to work.
//
// Errors: kUnavailable - another process is about to remove the file; otherwise those of the
// kernel.
absl::Status MarkInUse(int fd);

// Whether no process uses the file. Keeps others from marking it until `fd` is closed. False if it
// cannot be known. REQUIRES: this process has not marked it through the same open file.
bool IsUnused(int fd);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_USE_MARK_H_
