// ffmpeg as a source of pictures: a process that decodes a video into a pipe.
#ifndef IPMPSC_EXAMPLES_VIDEO_FFMPEG_H_
#define IPMPSC_EXAMPLES_VIDEO_FFMPEG_H_

#include <string>

#include "absl/status/statusor.h"
#include "examples/processes.h"

namespace ipmpsc::examples {

struct VideoSource {
  // A file, device or address that ffmpeg reads; empty: a moving test picture.
  std::string input;
  // Of the test picture.
  std::string size = "1280x720";
  // Of the test picture: frames a second.
  double rate = 25;
  // As fast as it was recorded, or as fast as it is read.
  bool own_pace = true;
};

// The pictures come out of `fd`, the caller's, in the PPM format.
struct Ffmpeg {
  Process process;
  int fd;
};

// Errors: kNotFound - ffmpeg is not installed; kResourceExhausted - no file descriptors left.
absl::StatusOr<Ffmpeg> StartFfmpeg(const VideoSource& source);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_FFMPEG_H_
