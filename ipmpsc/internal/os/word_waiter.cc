#include "ipmpsc/internal/os/word_waiter.h"

#include "absl/status/status.h"
#include "ipmpsc/internal/os/futex.h"

namespace ipmpsc::internal {

absl::StatusOr<std::unique_ptr<WordWaiter>> WordWaiter::Create(Mechanism mechanism) {
  if (mechanism == Mechanism::kPolling) return CreatePollingWaiter();
  if (!FutexWakes()) return absl::UnimplementedError("built without futexes: only polling works");
  return mechanism == Mechanism::kIoUring ? CreateUringWaiter() : CreateThreadWaiter();
}

}  // namespace ipmpsc::internal
