#include "ipmpsc/internal/os/sleeper_barrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace ipmpsc::internal {

bool JoinSleeperBarrier() {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

void SleeperBarrier(bool full_barriers) {
  if (!full_barriers) {
    // [sleep] membarrier; pairs with [wake] signal fence: every running participant passes a full
    // barrier now, and the others pass one when they are switched in.
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0) return;
  }
  // [sleep] seq_cst; pairs with [wake] seq_cst: either the sleeper sees the waker's step, or the
  // waker sees its word.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace ipmpsc::internal
