// How a line of the ring comes back to the processor of the sender that writes it next.
//
// Sender and receiver both have a copy of a line that was received. The sender's next store to it
// must first invalidate the receiver's copy, and the claim that follows is a locked instruction,
// which waits for the store. The ends can prepare the line before that. It depends on the processor
// how:
//
//   Intel, Arm  The sender prefetches the line for writing.
//   AMD         PREFETCHW does nothing for a line that the processor has a copy of. The receiver
//               flushes the line once it has read it (CLFLUSHOPT), so that no processor has a copy,
//               and the sender prefetches it from memory.
//
// `tuning.h` has the figures. None of this changes a byte of the ring, so no other process can be
// harmed.
#ifndef IPMPSC_INTERNAL_RING_CACHE_LINES_H_
#define IPMPSC_INTERNAL_RING_CACHE_LINES_H_

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ipmpsc::internal {

// The unit of transfers between processors, in bytes.
inline constexpr uint64_t kCacheLine = 64;

// The steps by which the ends prepare lines.
struct LinePreparation {
  bool sender_prefetches;
  bool receiver_flushes;
};

// Asks the processor. A virtual machine leaves the answer to its host: a sender that asked six
// times took twice as long to attach.
inline LinePreparation FindLinePreparation() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kEndOfAmd = 0x444d4163;  // "cAMD", of "AuthenticAMD"
  const bool is_amd = __get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0 && ecx == kEndOfAmd;
  // A prefetch for reading would fetch a copy.
  const bool has_prefetchw =
      __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1u << 8)) != 0;
  if (!is_amd) return {has_prefetchw, false};
  const bool has_clflushopt =
      __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & (1u << 23)) != 0;
  return {has_prefetchw && has_clflushopt, has_clflushopt};
#else
  return {true, false};
#endif
}

// Returns the steps that serve best on this processor.
inline LinePreparation ChooseLinePreparation() {
  static const LinePreparation chosen = FindLinePreparation();
  return chosen;
}

// Fetches a line that will be written. REQUIRES: `sender_prefetches`.
inline void PrefetchForWrite(const char* line) {
#if defined(__x86_64__)
  // The compiler's builtin gives PREFETCHT0 unless it compiles for a specific processor.
  asm volatile("prefetchw %0" : : "m"(*line));
#else
  __builtin_prefetch(line, /*rw=*/1);
#endif
}

// Takes a line out of all caches, and writes it to memory if it was changed. REQUIRES:
// `receiver_flushes`.
inline void FlushLine(const char* line) {
#if defined(__x86_64__)
  asm volatile("clflushopt %0" : : "m"(*line));
#else
  static_cast<void>(line);
#endif
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_CACHE_LINES_H_
