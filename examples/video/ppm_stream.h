// PpmStream: pictures one after the other in the PPM format, as `ffmpeg -c:v ppm -f image2pipe`
// writes them. Each says how large it is, then come its pixels, as they lie in memory:
//
//   P6\n1280 720\n255\n  and 1280 * 720 * 3 bytes
//
// So whoever reads knows how much space the pixels take before it reads them, and may read them to
// where they stay.
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

// The largest width and the largest height.
inline constexpr uint32_t kMaxPictureSide = 16384;

// Every function returns beside its own errors:
//  * kCancelled       - this process was asked to stop
//  * kDataLoss        - the stream ends in the middle of a picture
//  * kInvalidArgument - the stream cannot be read
class PpmStream {
 public:
  // `fd` stays the caller's.
  explicit PpmStream(int fd) : fd_(fd) {}

  // Waits for the next picture and reads up to its first pixel.
  //
  // Errors:
  //  * kOutOfRange      - there is none any more
  //  * kInvalidArgument - something else than a picture with one byte for each colour
  absl::StatusOr<PictureSize> Next();

  // Reads the next `pixels.size()` bytes of its pixels.
  absl::Status Read(absl::Span<char> pixels);

  // Reads them to nowhere.
  absl::Status Skip(size_t size);

 private:
  absl::StatusOr<uint32_t> ReadNumber();
  absl::StatusOr<size_t> ReadSome(absl::Span<char> bytes);

  int fd_;
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_PPM_STREAM_H_
