// Prefetching cache lines that are about to be written.
#ifndef IPMPSC_INTERNAL_RING_PREFETCH_H_
#define IPMPSC_INTERNAL_RING_PREFETCH_H_

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ipmpsc::internal {

// Whether the processor has an instruction that fetches a line exclusively. On x86-64 that is
// PREFETCHW (CPUID function 80000001H, bit 8 of ECX). A prefetch for reading would fetch the line
// shared, and the store would pay for a second transaction.
inline bool HasPrefetchForWrite() {
#if defined(__x86_64__)
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1u << 8)) != 0;
#else
  return true;
#endif
}

// REQUIRES: HasPrefetchForWrite().
inline void PrefetchForWrite(const char* line) {
#if defined(__x86_64__)
  // The compiler's builtin gives PREFETCHT0 unless it compiles for a specific processor.
  asm volatile("prefetchw %0" : : "m"(*line));
#else
  __builtin_prefetch(line, /*rw=*/1);
#endif
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_PREFETCH_H_
