// Random numbers from the kernel.
#ifndef IPMPSC_INTERNAL_OS_RANDOM_H_
#define IPMPSC_INTERNAL_OS_RANDOM_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace ipmpsc::internal {

// Errors: kUnavailable - the kernel gives none.
absl::StatusOr<uint64_t> RandomWord();

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_RANDOM_H_
