#include "examples/video/camera_channel.h"

#include "absl/status/status.h"
#include "examples/video/camera_frame.ipmpsc.h"
#include "ipmpsc/channel_options.h"

namespace ipmpsc::examples {

absl::StatusOr<Channel> OpenCameraChannel(const std::vector<std::string>& arguments,
                                          uint64_t capacity) {
  if (arguments.size() > 1) {
    return absl::InvalidArgumentError(
        "give the path of one channel, or none for the one that camera_frame.proto declares");
  }
  ChannelOptions options = CameraFrameChannel::Options();
  options.capacity = capacity;
  options.exist_policy = ExistPolicy::kOpen;
  return CameraFrameChannel::Create(arguments.empty() ? CameraFrameChannel::Path() : arguments[0],
                                    options);
}

}  // namespace ipmpsc::examples
