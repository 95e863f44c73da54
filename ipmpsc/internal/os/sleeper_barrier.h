// The sleeper's side of the barrier that ring/waiting.h describes.
#ifndef IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_
#define IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_

namespace ipmpsc::internal {

// Whether a compare-and-swap that orders as little as a release is a full barrier all the same: then
// a sleeper that waits for one needs only a fence of its own. On x86-64 every locked instruction is.
#if defined(__x86_64__)
inline constexpr bool kClaimIsFullBarrier = true;
#else
inline constexpr bool kClaimIsFullBarrier = false;
#endif

// Called once by every participant that attaches to a ring, before its first operation: makes this
// process one that the `SleeperBarrier` of others reaches. False where the kernel has no membarrier,
// or forbids it.
bool JoinSleeperBarrier();

// Called between announcing a wait and the last look. `full_barriers`: the wakers run full barriers
// of their own.
void SleeperBarrier(bool full_barriers);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_
