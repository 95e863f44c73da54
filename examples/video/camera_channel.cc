#include "examples/video/camera_channel.h"

#include <unistd.h>

#include "absl/status/status.h"
#include "ipmpsc/options.h"

namespace ipmpsc::examples {

absl::StatusOr<CameraChannel> OpenCameraChannel(const std::vector<std::string>& arguments,
                                                uint64_t capacity) {
  if (arguments.size() > 1) {
    return absl::InvalidArgumentError(
        "give the path of one channel, or none for the one that camera_frame.proto declares");
  }
  const std::string path = arguments.empty() ? CameraFrameChannel::Path() : arguments[0];
  ChannelOptions options = CameraFrameChannel::Options();
  options.capacity = capacity;
  absl::StatusOr<Channel> channel = CameraFrameChannel::Create(path, options);
  const bool created = channel.ok();
  if (absl::IsAlreadyExists(channel.status())) {
    options.exist_policy = ExistPolicy::kOpen;
    options.accept_smaller = true;  // `capacity` is for a new channel.
    channel = CameraFrameChannel::Create(path, options);
  }
  if (!channel.ok()) return channel.status();
  return CameraChannel{*std::move(channel), created};
}

void RemoveDeclaredChannel(const Channel& channel) {
  if (channel.state() != ChannelState::kUnlinked) unlink(channel.path().c_str());
}

}  // namespace ipmpsc::examples
