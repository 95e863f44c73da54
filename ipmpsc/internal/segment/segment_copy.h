// CopySegment: a private copy of the channel of dead programs.
#ifndef IPMPSC_INTERNAL_SEGMENT_SEGMENT_COPY_H_
#define IPMPSC_INTERNAL_SEGMENT_SEGMENT_COPY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::internal {

// Returns a copy in memory of the channel at `path`, opened read-only. Reads the file and maps only
// the copy, so no process that truncates the file meanwhile can cause a SIGBUS. Needs only the
// permission to read.
//
// Errors: as `PostMortem::Open`.
absl::StatusOr<std::shared_ptr<Segment>> CopySegment(absl::string_view path);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_SEGMENT_COPY_H_
