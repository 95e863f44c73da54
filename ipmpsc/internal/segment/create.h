// Creating and opening segments.
#ifndef IPMPSC_INTERNAL_SEGMENT_CREATE_H_
#define IPMPSC_INTERNAL_SEGMENT_CREATE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel_options.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::internal {

// All return the errors of the functions of `Channel`.
absl::StatusOr<std::shared_ptr<Segment>> OpenSegment(absl::string_view path,
                                                     const OpenOptions& options = {},
                                                     Access access = Access::kReadWrite);
absl::StatusOr<std::shared_ptr<Segment>> CreateSegment(absl::string_view path,
                                                       const ChannelOptions& options);
absl::StatusOr<std::shared_ptr<Segment>> CreateTempSegment(const ChannelOptions& options);
absl::StatusOr<std::shared_ptr<Segment>> CreateAnonymousSegment(const ChannelOptions& options);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_CREATE_H_
