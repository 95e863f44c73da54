#ifndef IPMPSC_INTERNAL_RING_SPIN_PAUSE_H_
#define IPMPSC_INTERNAL_RING_SPIN_PAUSE_H_

namespace ipmpsc::internal {

// Tells the processor that this is a spin loop.
inline void SpinPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_SPIN_PAUSE_H_
