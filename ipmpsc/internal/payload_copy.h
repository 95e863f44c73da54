// CopyPayload: copies bytes into the ring.
#ifndef IPMPSC_INTERNAL_PAYLOAD_COPY_H_
#define IPMPSC_INTERNAL_PAYLOAD_COPY_H_

#include <cstddef>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::internal {

// Payloads of at least this size use non-temporal stores. A smaller one may still be in the cache
// when the receiver reads it. The lines of a larger one would be fetched only to be overwritten,
// and would evict others.
inline constexpr size_t kNonTemporalThreshold = size_t{4} << 20;

// Copies like memcpy. The stores do not fetch the lines that they write, on processors that have
// such stores. They have finished when it returns, so a commit after it needs only its own barrier.
void CopyNonTemporal(char* to, const char* from, size_t size);

// Copies 16 to 128 bytes by a few moves, without a call. The moves from both ends may overlap.
inline void CopyShort(char* to, const char* from, size_t size) {
  struct Block {
    char bytes[16];
  };
  const auto load = [from](size_t at) {
    Block block;
    std::memcpy(&block, from + at, sizeof(block));
    return block;
  };
  const auto store = [to](size_t at, const Block& block) {
    std::memcpy(to + at, &block, sizeof(block));
  };
  // One end after the other, in blocks of 16.
  const auto copy_ends = [&](size_t end) {
    for (size_t at = 0; at < end; at += 16) store(at, load(at));
    for (size_t at = size - end; at < size; at += 16) store(at, load(at));
  };
  if (size <= 32) {
    copy_ends(16);
  } else if (size <= 64) {
    copy_ends(32);
  } else {
    copy_ends(64);
  }
}

inline void CopyPayload(char* to, absl::string_view from) {
  if (ABSL_PREDICT_TRUE(from.size() - 16 <= 128 - 16)) {
    CopyShort(to, from.data(), from.size());
  } else if (ABSL_PREDICT_FALSE(from.size() >= kNonTemporalThreshold)) {
    CopyNonTemporal(to, from.data(), from.size());
  } else if (!from.empty()) {  // data() may be null if it is empty
    std::memcpy(to, from.data(), from.size());
  }
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_PAYLOAD_COPY_H_
