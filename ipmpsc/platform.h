// The platforms that ipmpsc supports. Other platforms get one error here instead of a hundred
// later.
#ifndef IPMPSC_PLATFORM_H_
#define IPMPSC_PLATFORM_H_

#if __cplusplus < 201703L
// No such file exists: the compiler names it and stops. #error would let it report a hundred
// others.
#include "ipmpsc needs C++17: compile with -std=c++17 or later"
#endif

#ifndef __linux__
#error "ipmpsc runs on Linux only: it needs OFD locks, memfd and /proc"
#endif

// The data is mapped twice in a row, positions are 64-bit words with atomic loads and stores, and
// files may be larger than 4 GiB.
static_assert(sizeof(void*) == 8, "ipmpsc is for 64-bit processes only");

#endif  // IPMPSC_PLATFORM_H_
