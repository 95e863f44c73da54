// The channel between cameras and their viewer.
#ifndef IPMPSC_EXAMPLES_VIDEO_CAMERA_CHANNEL_H_
#define IPMPSC_EXAMPLES_VIDEO_CAMERA_CHANNEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "examples/video/camera_frame.ipmpsc.h"
#include "ipmpsc/channel.h"

namespace ipmpsc::examples {

inline constexpr uint64_t kCameraCapacity = CameraFrameChannel::kType.capacity;

struct CameraChannel {
  Channel channel;
  bool created = false;  // rather than opened
};

// Opens the channel at the only path in `arguments` or, without any, the one that
// camera_frame.proto declares. Creates the channel if it does not exist, since either end may start
// first.
//
// Errors: as `CameraFrameChannel::Create`; kInvalidArgument - several paths.
absl::StatusOr<CameraChannel> OpenCameraChannel(const std::vector<std::string>& arguments,
                                                uint64_t capacity);

// Removes the name of the channel that camera_frame.proto declares, unless the name belongs to
// another channel by now. An end that opens the channel at the same moment is left with a channel
// without a name, and has to be started again.
void RemoveDeclaredChannel(const Channel& channel);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_CAMERA_CHANNEL_H_
