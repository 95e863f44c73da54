#include "examples/video/frame_statistics.h"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace ipmpsc::examples {
namespace {

constexpr int64_t kMillisecond = 1000000;

TEST(FrameStatisticsTest, PrintsRateAndLatencySinceTheLastLine) {
  FrameStatistics statistics;
  EXPECT_EQ(statistics.Line(5 * kMillisecond), "0 frames, 0 dropped, 0.0 frames/s");
  for (uint64_t i = 0; i < 5; ++i) {
    const int64_t taken = static_cast<int64_t>(i) * 100 * kMillisecond;
    statistics.Add(0, i + 1, taken, taken + 2 * kMillisecond);
  }
  EXPECT_EQ(statistics.Line(502 * kMillisecond),
            "5 frames, 0 dropped, 10.0 frames/s, latency 2.00 ms");
  EXPECT_EQ(statistics.Line(602 * kMillisecond), "5 frames, 0 dropped, 0.0 frames/s");
}

TEST(FrameStatisticsTest, CountsMissingNumbers) {
  FrameStatistics statistics;
  statistics.Add(0, 3, 0, 0);
  EXPECT_EQ(statistics.dropped(), 2u);
  statistics.Add(1, 1, 0, 0);  // another camera
  EXPECT_EQ(statistics.dropped(), 2u);
  statistics.Add(0, 5, 0, 0);
  EXPECT_EQ(statistics.dropped(), 3u);
  statistics.Add(1, 2, 0, 0);
  EXPECT_EQ(statistics.dropped(), 3u);
  statistics.Add(0, 2, 0, 0);  // a new camera in the slot of the first
  EXPECT_EQ(statistics.dropped(), 4u);
  EXPECT_EQ(statistics.frames(), 5u);
}

TEST(FrameStatisticsTest, AcceptsAnyNumbersFromASender) {
  FrameStatistics statistics;
  statistics.Add(0, 0, std::numeric_limits<int64_t>::min(), 1);
  statistics.Add(0, 0, std::numeric_limits<int64_t>::max(), 1);
  statistics.Add(0, std::numeric_limits<uint64_t>::max(), 0, 1);
  EXPECT_EQ(statistics.frames(), 3u);
  EXPECT_EQ(statistics.dropped(), std::numeric_limits<uint64_t>::max() - 1);
}

}  // namespace
}  // namespace ipmpsc::examples
