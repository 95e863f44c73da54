#include "examples/video/frame_statistics.h"

#include "absl/strings/str_format.h"

namespace ipmpsc::examples {

void FrameStatistics::Add(uint16_t camera, uint64_t number, int64_t taken, int64_t now) {
  if (frames_ == 0) since_ = now;
  ++frames_;
  uint64_t& last = last_numbers_[camera];
  if (number > last) {
    dropped_ += number - last - 1;
  } else if (number > 0) {
    dropped_ += number - 1;
  }
  last = number;
  ++recent_frames_;
  // In double, which no value from a sender can overflow.
  recent_latency_ += static_cast<double>(now) - static_cast<double>(taken);
}

std::string FrameStatistics::Line(int64_t now) {
  const double seconds = static_cast<double>(now - since_) / 1e9;
  const double frames = static_cast<double>(recent_frames_);
  std::string line = absl::StrFormat("%d frames, %d dropped, %.1f frames/s", frames_, dropped_,
                                     seconds > 0 ? frames / seconds : 0);
  if (recent_frames_ > 0) {
    absl::StrAppendFormat(&line, ", latency %.2f ms", recent_latency_ / frames / 1e6);
  }
  since_ = now;
  recent_frames_ = 0;
  recent_latency_ = 0;
  return line;
}

}  // namespace ipmpsc::examples
