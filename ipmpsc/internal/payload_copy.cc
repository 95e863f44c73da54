#include "ipmpsc/internal/payload_copy.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ipmpsc::internal {

#if defined(__SSE2__)

void CopyNonTemporal(char* to, const char* from, size_t size) {
  constexpr size_t kLine = 64;
  const size_t before = -reinterpret_cast<uintptr_t>(to) % kLine;
  if (size < before + kLine) {
    std::memcpy(to, from, size);
    return;
  }
  std::memcpy(to, from, before);
  const auto load = [&](size_t i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
  };
  const auto store = [&](size_t i, __m128i value) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), value);
  };
  size_t done = before;
  for (; size - done >= kLine; done += kLine) {
    const __m128i a = load(done);
    const __m128i b = load(done + 16);
    const __m128i c = load(done + 32);
    const __m128i d = load(done + 48);
    store(done, a);
    store(done + 16, b);
    store(done + 32, c);
    store(done + 48, d);
  }
  std::memcpy(to + done, from + done, size - done);
  // Unlike all others, these stores may become visible after a later release store.
  _mm_sfence();
}

#else

void CopyNonTemporal(char* to, const char* from, size_t size) { std::memcpy(to, from, size); }

#endif

}  // namespace ipmpsc::internal
