// The channel between cameras and their viewer.
#ifndef IPMPSC_EXAMPLES_VIDEO_CAMERA_CHANNEL_H_
#define IPMPSC_EXAMPLES_VIDEO_CAMERA_CHANNEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ipmpsc/channel.h"

namespace ipmpsc::examples {

// Opens the channel at the path that is the only one of `arguments`, or, without any, the one that
// camera_frame.proto declares. Creates it where it is not there, since either side may come first.
//
// Errors: as `CameraFrameChannel::Create`; kInvalidArgument - several paths.
absl::StatusOr<Channel> OpenCameraChannel(const std::vector<std::string>& arguments,
                                          uint64_t capacity);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_CAMERA_CHANNEL_H_
