// Opening segments by their paths, and waiting for them to be created.
#ifndef IPMPSC_INTERNAL_SEGMENT_OPEN_H_
#define IPMPSC_INTERNAL_SEGMENT_OPEN_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"

namespace ipmpsc::internal {

// Errors: as `Channel::Open`.
absl::StatusOr<std::shared_ptr<Segment>> OpenSegment(absl::string_view path,
                                                     const OpenOptions& options = {},
                                                     Access access = Access::kReadWrite);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_OPEN_H_
