// Allocation of all the space of a file at once.
#ifndef IPMPSC_INTERNAL_OS_ALLOCATE_H_
#define IPMPSC_INTERNAL_OS_ALLOCATE_H_

#include <cstdint>

#include "absl/status/status.h"

namespace ipmpsc::internal {

// Gives the empty file `size` bytes that its file system has reserved for it. A full file system is
// an error here, not a SIGBUS at the first touch.
//
// The memory of a file in memory is charged to the control groups of this process.
//
// Errors: kResourceExhausted - one of these has no room, and the text says which: the file system;
// the quota there; RLIMIT_FSIZE; the memory limit of a control group; the machine's memory. No
// memory was touched, unless other processes took the room meanwhile.
absl::Status AllocateFile(int fd, uint64_t size);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_ALLOCATE_H_
