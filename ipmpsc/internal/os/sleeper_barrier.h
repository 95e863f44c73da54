// The sleeper's side of the barrier that ring/waiting.h describes.
#ifndef IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_
#define IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_

namespace ipmpsc::internal {

// Whether every compare-and-swap is a full barrier, whatever its order says. Then a sleeper that
// waits for one needs only a fence of its own. On x86-64 every locked instruction is a full
// barrier.
#if defined(__x86_64__)
inline constexpr bool kClaimIsFullBarrier = true;
#else
inline constexpr bool kClaimIsFullBarrier = false;
#endif

// Called by every participant that attaches to a ring, before its first operation. Makes the
// `SleeperBarrier` of others reach this process. False if the kernel has no membarrier, or forbids
// it.
bool JoinSleeperBarrier();

// Called between announcing a wait and the last check. `full_barriers`: the wakers run full
// barriers themselves.
void SleeperBarrier(bool full_barriers);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_SLEEPER_BARRIER_H_
