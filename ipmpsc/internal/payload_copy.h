// CopyPayload: copies bytes into the ring.
#ifndef IPMPSC_INTERNAL_PAYLOAD_COPY_H_
#define IPMPSC_INTERNAL_PAYLOAD_COPY_H_

#include <cstddef>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::internal {

// From so many bytes on a copy goes around the cache. Below it the bytes may still be there when the
// receiver reads them; above it they would only be fetched to be overwritten, and drive out others.
inline constexpr size_t kAroundCache = size_t{4} << 20;

// As memcpy, with stores that do not fetch the lines they write where the processor has them. They
// are finished when it returns: a commit that follows needs no other barrier than its own.
void CopyAroundCache(char* to, const char* from, size_t size);

inline void CopyPayload(char* to, absl::string_view from) {
  if (ABSL_PREDICT_FALSE(from.size() >= kAroundCache)) {
    CopyAroundCache(to, from.data(), from.size());
  } else if (!from.empty()) {  // which may have no address
    std::memcpy(to, from.data(), from.size());
  }
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_PAYLOAD_COPY_H_
