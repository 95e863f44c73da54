#include "ipmpsc/internal/os/random.h"

#include <sys/random.h>
#include <unistd.h>

#include "absl/status/status.h"

namespace ipmpsc::internal {

absl::StatusOr<uint64_t> RandomWord() {
  uint64_t word;
  // Some systems declare it in <sys/random.h>, others in <unistd.h>.
  if (getentropy(&word, sizeof(word)) != 0) {
    return absl::UnavailableError("the kernel gives no random numbers");
  }
  return word;
}

}  // namespace ipmpsc::internal
