// Statistics of the frames that a viewer receives: count, rate, latency, and the number dropped.
#ifndef IPMPSC_EXAMPLES_VIDEO_FRAME_STATISTICS_H_
#define IPMPSC_EXAMPLES_VIDEO_FRAME_STATISTICS_H_

#include <cstdint>
#include <map>
#include <string>

namespace ipmpsc::examples {

class FrameStatistics {
 public:
  // Counts a frame. `camera` is the sender's slot; `number` and `taken` are those of the
  // CameraFrame; `now` is the time of receipt on the clock of `taken`.
  void Add(uint16_t camera, uint64_t number, int64_t taken, int64_t now);

  uint64_t frames() const { return frames_; }
  // The count of missing frame numbers. Numbers that begin again belong to a new camera in the
  // slot.
  uint64_t dropped() const { return dropped_; }

  // Returns a line with the totals, and the rate and mean latency since the last call. A line
  // without frames since the last call has no latency.
  std::string Line(int64_t now);

 private:
  uint64_t frames_ = 0;
  uint64_t dropped_ = 0;
  std::map<uint16_t, uint64_t> last_numbers_;
  // Since the last line.
  int64_t since_ = 0;
  uint64_t recent_frames_ = 0;
  double recent_latency_ = 0;  // nanoseconds, summed up
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_FRAME_STATISTICS_H_
