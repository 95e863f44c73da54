// Allocating all the space of a file at once.
#ifndef IPMPSC_INTERNAL_OS_ALLOCATE_H_
#define IPMPSC_INTERNAL_OS_ALLOCATE_H_

#include <cstdint>

#include "absl/status/status.h"

namespace ipmpsc::internal {

// Gives the empty file `size` bytes that its file system really has: what a full one cannot give is
// an error here, and not a SIGBUS at the first touch.
//
// Errors: kResourceExhausted - the file system, or the machine's memory, has no room for it; or
// RLIMIT_FSIZE does not allow it.
absl::Status AllocateFile(int fd, uint64_t size);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_ALLOCATE_H_
