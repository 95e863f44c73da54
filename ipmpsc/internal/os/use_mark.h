// Shows that a file is in use, to those who would remove it: an advisory lock (flock, shared) that the
// kernel drops with the last descriptor of the open file, however its process ends.
//
// Two kinds of cleaners respect it: systemd-tmpfiles, from version 254 on (Debian 13), leaves alone
// what is locked, whatever its age; and creators of channels look for it before they remove what a dead
// creator has left. Independent of the locks by which participants show that they live.
#ifndef IPMPSC_INTERNAL_OS_USE_MARK_H_
#define IPMPSC_INTERNAL_OS_USE_MARK_H_

#include "absl/status/status.h"

namespace ipmpsc::internal {

// Marks the file as in use, for as long as the open file behind `fd` is open. Does nothing on file
// systems where such a lock would be one of the others (NFS) or is not known to work.
//
// Errors: kUnavailable - somebody is about to remove the file; what the kernel says otherwise.
absl::Status MarkInUse(int fd);

// Whether nobody uses the file. Keeps others from marking it until `fd` is closed. False where it
// cannot be known. REQUIRES: this process has not marked it through the same open file.
bool IsUnused(int fd);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_USE_MARK_H_
