// The sleeper's side of the barrier that ring/waiting.h describes.
#ifndef IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_
#define IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_

namespace ipmpsc::internal {

// Called once by everybody who attaches to a ring, before its first operation: makes this process
// one that the `SleeperBarrier` of others reaches. False where the kernel has no membarrier, or
// forbids it.
bool JoinSleeperBarrier();

// Between announcing a wait and the last look. `full_barriers`: the wakers run full barriers of
// their own.
void SleeperBarrier(bool full_barriers);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_
