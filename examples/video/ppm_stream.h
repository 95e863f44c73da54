// PpmStream: a sequence of pictures in the PPM format, as `ffmpeg -c:v ppm -f image2pipe` writes
// them. Each picture is its size, followed by its pixels as they lie in memory:
//
//   P6\n1280 720\n255\n  and 1280 * 720 * 3 bytes
//
// A reader knows the size of the pixels before it reads them, so it can read them into their final
// place.
#ifndef IPMPSC_EXAMPLES_VIDEO_PPM_STREAM_H_
#define IPMPSC_EXAMPLES_VIDEO_PPM_STREAM_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace ipmpsc::examples {

struct PictureSize {
  uint32_t width = 0;
  uint32_t height = 0;

  size_t bytes() const { return size_t{width} * height * 3; }
};

// The largest width and height, in pixels.
inline constexpr uint32_t kMaxPictureSide = 16384;

// Reads pictures from a file descriptor. Every function returns these errors besides its own:
//  * kCancelled       - this process was asked to stop
//  * kDataLoss        - the stream ends in the middle of a picture
//  * kInvalidArgument - the stream cannot be read
class PpmStream {
 public:
  // `fd` remains the caller's.
  explicit PpmStream(int fd) : fd_(fd) {}

  // Waits for the next picture and reads up to its first pixel.
  //
  // Errors:
  //  * kOutOfRange      - the stream has ended
  //  * kInvalidArgument - the stream has something else than a picture with one byte per colour
  absl::StatusOr<PictureSize> Next();

  // Reads the next `pixels.size()` bytes of the picture's pixels.
  absl::Status Read(absl::Span<char> pixels);

  // Skips the next `size` bytes of the picture's pixels.
  absl::Status Skip(size_t size);

 private:
  absl::StatusOr<uint32_t> ReadNumber();
  absl::StatusOr<size_t> ReadSome(absl::Span<char> bytes);

  int fd_;
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_PPM_STREAM_H_
