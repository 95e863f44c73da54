// Sleeping on a word in shared memory, and waking the sleepers.
//
// futex.cc uses the kernel's futexes. They are shared (no FUTEX_PRIVATE_FLAG), since the sleepers
// are in several processes. polled_futex.cc replaces it on systems without futexes, and
// umtx_futex.cc is for FreeBSD. A port to another way of sleeping is one more such file.
#ifndef IPMPSC_INTERNAL_OS_FUTEX_H_
#define IPMPSC_INTERNAL_OS_FUTEX_H_

#include <atomic>
#include <cstdint>

#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {

// Whether wakes have an effect. Otherwise sleepers poll, and all users of a channel must be built
// the same way.
bool FutexWakes();

// Sleeps while `*word == expected`, at most until `deadline` (nanoseconds of CLOCK_MONOTONIC). May
// return early without a reason, so the caller must check its condition again. If the kernel
// refuses to wait, it sleeps for a millisecond instead.
void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, MonotonicNanos deadline);

// The same, but also returns when `*flag` is not 0. After a store to `flag`, `FutexWakeAll(flag)`
// ends the sleep. The kernel compares both words, so neither change is missed. Where the kernel
// cannot sleep on two words, a change of `flag` is noticed after `kFlagInterval` at the latest.
void FutexWaitUnless(std::atomic<uint32_t>* word, uint32_t expected, std::atomic<uint32_t>* flag,
                     MonotonicNanos deadline);

// Nanoseconds.
inline constexpr int64_t kFlagInterval = 100'000'000;

// Wake sleepers after the word has changed. Sleepers on an unchanged word may or may not wake.
void FutexWakeOne(std::atomic<uint32_t>* word);
void FutexWakeAll(std::atomic<uint32_t>* word);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_FUTEX_H_
