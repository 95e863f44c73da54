// How a line of the ring comes back to the processor of the sender that writes it next.
//
// Sender and receiver both have a copy of a line that was received. The sender's next store to it
// must first invalidate the receiver's copy, and the claim that follows is a locked instruction,
// which waits for the store. One end can prepare the line before that. Which end depends on the
// processor:
//
//   Intel, Arm  The sender prefetches the line for writing.
//   AMD         PREFETCHW does nothing for a line that the processor has a copy of. The receiver
//               writes the line back to memory instead, once it has read it (CLWB). No cache owns
//               the line then, and the sender's store takes it without asking the receiver's.
//
// `tuning.h` has the figures. Neither changes a byte of the ring, so no other process can be
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

// The end that prepares lines for their next writer.
enum class LinePreparer { kNeither, kSender, kReceiver };

// Returns the end that prepares lines best on this processor.
inline LinePreparer ChooseLinePreparer() {
#if defined(__x86_64__)
  unsigned eax, ebx, ecx, edx;
  constexpr unsigned kEndOfAmd = 0x444d4163;  // "cAMD", of "AuthenticAMD"
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0 && ecx == kEndOfAmd) {
    const bool has_clwb =
        __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & (1u << 24)) != 0;
    return has_clwb ? LinePreparer::kReceiver : LinePreparer::kNeither;
  }
  // A prefetch for reading would fetch a copy.
  const bool has_prefetchw =
      __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1u << 8)) != 0;
  return has_prefetchw ? LinePreparer::kSender : LinePreparer::kNeither;
#else
  return LinePreparer::kSender;
#endif
}

// Fetches a line that will be written. REQUIRES: ChooseLinePreparer() == LinePreparer::kSender.
inline void PrefetchForWrite(const char* line) {
#if defined(__x86_64__)
  // The compiler's builtin gives PREFETCHT0 unless it compiles for a specific processor.
  asm volatile("prefetchw %0" : : "m"(*line));
#else
  __builtin_prefetch(line, /*rw=*/1);
#endif
}

// Writes a line back to memory. REQUIRES: ChooseLinePreparer() == LinePreparer::kReceiver.
inline void WriteLineBack(const char* line) {
#if defined(__x86_64__)
  asm volatile("clwb %0" : : "m"(*line));
#else
  static_cast<void>(line);
#endif
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_CACHE_LINES_H_
