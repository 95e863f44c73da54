// The system call futex_waitv, which sleeps on several words (Linux 5.16). Its constants are not in
// the headers of every system that the library is built on.
#ifndef IPMPSC_INTERNAL_OS_FUTEX_WAITV_H_
#define IPMPSC_INTERNAL_OS_FUTEX_WAITV_H_

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {

// `struct futex_waitv` of the kernel.
struct FutexWaiter {
  uint64_t expected;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved = 0;
};
static_assert(sizeof(FutexWaiter) == 24);

// A word of 32 bits that other processes may share.
inline constexpr uint32_t kFutexU32 = 2;
// The most words of one call.
inline constexpr size_t kMostFutexWaiters = 128;

// Sleeps while all words have their expected values, at most until `deadline` (nanoseconds of
// CLOCK_MONOTONIC). Returns the index of a word that was woken, or -1 with errno: EAGAIN if a word
// has another value, ETIMEDOUT, EINTR, or why the kernel refuses.
inline long FutexWaitv(const FutexWaiter* waiters, size_t count, MonotonicNanos deadline) {
#if defined(__ANDROID__) || !defined(__linux__)
  // An app's filter of system calls kills a process that tries it, and elsewhere the number is
  // another call's. Untested: docs/porting.md.
  errno = ENOSYS;
  return -1;
#endif
#ifdef SYS_futex_waitv
  constexpr long kNumber = SYS_futex_waitv;
#else
  constexpr long kNumber = 449;  // on all processors
#endif
  constexpr int64_t kSecond = 1'000'000'000;
  const timespec time = {static_cast<time_t>(deadline / kSecond),
                         static_cast<long>(deadline % kSecond)};
  return syscall(kNumber, waiters, count, 0, &time, CLOCK_MONOTONIC);
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_FUTEX_WAITV_H_
