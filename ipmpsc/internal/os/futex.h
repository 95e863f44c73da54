// Sleeping on a word in shared memory, and waking those who do.
//
// futex.cc asks the kernel for it. The futexes are shared ones (no FUTEX_PRIVATE_FLAG), since the
// sleepers are in several processes. polled_futex.cc stands in for it where there are none; a port to
// another way of sleeping is one more such file.
#ifndef IPMPSC_INTERNAL_OS_FUTEX_H_
#define IPMPSC_INTERNAL_OS_FUTEX_H_

#include <atomic>
#include <cstdint>

namespace ipmpsc::internal {

// Whether wakes wake. Without, sleepers look again by themselves, and all users of a channel must be
// built so.
bool FutexWakes();

// Sleeps while `*word == expected`, at most until `deadline` (nanoseconds of CLOCK_MONOTONIC). May
// return early for no reason at all: the caller looks again at what it waits for. Where the kernel
// refuses to wait, it sleeps for a millisecond instead.
void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, int64_t deadline);

// Call after a change of the word. Sleepers on a word that has not changed may be woken too.
void FutexWakeOne(std::atomic<uint32_t>* word);
void FutexWakeAll(std::atomic<uint32_t>* word);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_FUTEX_H_
