#include "ipmpsc/internal/os/random.h"

#include <sys/random.h>

#include "absl/status/status.h"

namespace ipmpsc::internal {

absl::StatusOr<uint64_t> RandomWord() {
  uint64_t word;
  // So few bytes come whole or not at all.
  if (getrandom(&word, sizeof(word), 0) != sizeof(word)) {
    return absl::UnavailableError("the kernel gives no random numbers");
  }
  return word;
}

}  // namespace ipmpsc::internal
