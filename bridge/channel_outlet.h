// ChannelOutlet: the channel into which the bridge sends the messages of a stream.
#ifndef IPMPSC_BRIDGE_CHANNEL_OUTLET_H_
#define IPMPSC_BRIDGE_CHANNEL_OUTLET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/feed.h"
#include "bridge/place.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::bridge {

class ChannelOutlet final : public Outlet {
 public:
  // `name` is that of the sender.
  ChannelOutlet(Channel channel, std::string fingerprint, std::string name)
      : channel_(std::move(channel)),
        id_(channel_.id()),
        fingerprint_(std::move(fingerprint)),
        name_(std::move(name)) {}

  std::string fingerprint() const override { return fingerprint_; }
  absl::Status Attach() override;
  absl::Status Prepare(uint64_t sequence, Place* place) override;
  absl::Status Send(absl::string_view payload, absl::Duration wait) override;
  absl::StatusOr<Found> Find(const Place& place, absl::string_view payload,
                             absl::Duration wait) override;

  // Messages that have another number than in the stream, since their slot has given larger ones.
  uint64_t renumbered() const { return renumbered_; }

 private:
  const Channel channel_;
  const std::string id_;
  const std::string fingerprint_;
  const std::string name_;
  std::optional<Sender> sender_;
  bool has_numbers_ = false;
  uint32_t owner_ = 0;
  uint64_t last_number_ = 0;  // that a message has
  uint64_t next_number_ = 0;  // of the message that is prepared
  uint64_t sequence_ = 0;     // of the message that is prepared
  uint64_t renumbered_ = 0;
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_CHANNEL_OUTLET_H_
