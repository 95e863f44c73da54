// Tells the processor that this loop waits for another processor.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_SPIN_PAUSE_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_SPIN_PAUSE_H_

namespace ipmpsc::benchmarks {

inline void SpinPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_SPIN_PAUSE_H_
