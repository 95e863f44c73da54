// What a viewer tells of the frames that it gets: how many, how fast, how late, and how many are
// missing.
#ifndef IPMPSC_EXAMPLES_VIDEO_FRAME_STATISTICS_H_
#define IPMPSC_EXAMPLES_VIDEO_FRAME_STATISTICS_H_

#include <cstdint>
#include <map>
#include <string>

namespace ipmpsc::examples {

class FrameStatistics {
 public:
  // `camera`: the sender's slot. `number`, `taken`: as in CameraFrame. `now`: of the same clock.
  void Add(uint16_t camera, uint64_t number, int64_t taken, int64_t now);

  uint64_t frames() const { return frames_; }
  // What the numbers leave out. A camera whose numbers begin again is a new one in the same slot.
  uint64_t dropped() const { return dropped_; }

  // One line; rate and latency are of the time since the last call.
  std::string Line(int64_t now);

 private:
  uint64_t frames_ = 0;
  uint64_t dropped_ = 0;
  std::map<uint16_t, uint64_t> last_numbers_;
  // Since the last line.
  int64_t since_ = 0;
  uint64_t recent_frames_ = 0;
  double recent_latency_ = 0;  // summed up
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_FRAME_STATISTICS_H_
