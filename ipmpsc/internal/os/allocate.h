// Allocating all the space of a file at once.
#ifndef IPMPSC_INTERNAL_OS_ALLOCATE_H_
#define IPMPSC_INTERNAL_OS_ALLOCATE_H_

#include <cstdint>

#include "absl/status/status.h"

namespace ipmpsc::internal {

// Gives the empty file `size` bytes that its file system really has: what a full one cannot give is
// an error here, and not a SIGBUS at the first touch.
//
// The memory of a file in memory is charged to the control groups of this process.
//
// Errors: kResourceExhausted - one of these has no room for it, and the text says which: the file
// system; the quota there; RLIMIT_FSIZE; the memory limit of a control group; the machine's memory.
// Nothing was touched then, unless others took the room meanwhile.
absl::Status AllocateFile(int fd, uint64_t size);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_ALLOCATE_H_
