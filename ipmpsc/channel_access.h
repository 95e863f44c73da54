// ChannelAccess: the segment behind a `Channel`, for this library and its tests.
#ifndef IPMPSC_CHANNEL_ACCESS_H_
#define IPMPSC_CHANNEL_ACCESS_H_

#include <memory>
#include <utility>

#include "absl/base/attributes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::internal {

class ChannelAccess {
 public:
  static Channel Over(std::shared_ptr<Segment> segment) { return Channel(std::move(segment)); }

  static const std::shared_ptr<Segment>& SegmentOf(
      const Channel& channel ABSL_ATTRIBUTE_LIFETIME_BOUND) {
    return channel.segment_;
  }
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_CHANNEL_ACCESS_H_
