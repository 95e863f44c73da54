// The platforms that ipmpsc supports. Stops a compiler for another one with one error, not a hundred.
#ifndef IPMPSC_PLATFORM_H_
#define IPMPSC_PLATFORM_H_

#if __cplusplus < 201703L
// Does not exist: the compiler says so and stops, where #error would be followed by a hundred others.
#include "ipmpsc needs C++17: compile with -std=c++17 or later"
#endif

#ifndef __linux__
#error "ipmpsc runs on Linux only: it needs OFD locks, memfd and /proc"
#endif

// A channel's data lies twice in a row in the address space, its positions are 64-bit words that must be
// loaded and stored as one, and its file may be larger than 4 GiB.
static_assert(sizeof(void*) == 8, "ipmpsc is for 64-bit processes only");

#endif  // IPMPSC_PLATFORM_H_
