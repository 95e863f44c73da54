// ffmpeg as a source of pictures: a process that decodes a video into a pipe.
#ifndef IPMPSC_EXAMPLES_VIDEO_FFMPEG_H_
#define IPMPSC_EXAMPLES_VIDEO_FFMPEG_H_

#include <string>

#include "absl/status/statusor.h"
#include "examples/processes.h"

namespace ipmpsc::examples {

struct VideoSource {
  // A file, device or address for ffmpeg. Empty means a moving test picture.
  std::string input;
  // Width and height of the test picture.
  std::string size = "1280x720";
  // Frames of the test picture per second.
  double rate = 25;
  // Decodes at the pace of the video (true) or as fast as the pictures are read (false).
  bool own_pace = true;
};

// A running ffmpeg. Its pictures come out of `fd`, which the caller closes, in the PPM format.
struct Ffmpeg {
  Process process;
  int fd;
};

// Starts ffmpeg.
//
// Errors: kNotFound - ffmpeg is not installed; kResourceExhausted - no file descriptors left.
absl::StatusOr<Ffmpeg> StartFfmpeg(const VideoSource& source);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_FFMPEG_H_
