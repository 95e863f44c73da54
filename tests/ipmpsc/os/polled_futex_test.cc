// Tests the pauses of polled_futex.cc with a simulated clock and `nanosleep`.
#include <time.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"

namespace {

int64_t now = 0;
std::vector<int64_t> pauses;  // Microseconds.
std::function<void()> after_pause;

}  // namespace

// Replaces the C library's function: advances the simulated clock without sleeping.
extern "C" int nanosleep(const timespec* time, timespec*) {
  const int64_t nanoseconds = int64_t{time->tv_sec} * 1'000'000'000 + time->tv_nsec;
  now += nanoseconds;
  pauses.push_back(nanoseconds / 1'000);
  if (after_pause) after_pause();
  return 0;
}

namespace ipmpsc::internal {

// Replace the runtime's functions.
int64_t MonotonicNow() { return now; }
int64_t MonotonicTick() { return now; }

namespace {

using ::testing::ElementsAre;

class PolledFutexTest : public ::testing::Test {
 protected:
  PolledFutexTest() {
    now = 5'000'000'000;
    pauses.clear();
    after_pause = nullptr;
  }

  std::atomic<uint32_t> word_{1};
};

TEST_F(PolledFutexTest, PausesGrowToFourMillisecondsAndEndAtTheDeadline) {
  const int64_t deadline = now + 16'000'000;
  FutexWait(&word_, 1, deadline);
  EXPECT_EQ(now, deadline);
  EXPECT_THAT(pauses, ElementsAre(50, 100, 200, 400, 800, 1600, 3200, 4000, 4000, 1650));
}

TEST_F(PolledFutexTest, LooksAgainAfterEachPause) {
  after_pause = [this] {
    if (pauses.size() == 3) word_ = 2;
  };
  FutexWait(&word_, 1, Deadline::kNever);
  EXPECT_THAT(pauses, ElementsAre(50, 100, 200));
}

TEST_F(PolledFutexTest, BeginsWithAShortPauseEachTime) {
  FutexWait(&word_, 1, now + 150'000);
  FutexWait(&word_, 1, now + 150'000);
  EXPECT_THAT(pauses, ElementsAre(50, 100, 50, 100));
}

TEST_F(PolledFutexTest, DoesNotPauseIfTheValueDiffers) {
  FutexWait(&word_, 2, Deadline::kNever);
  FutexWait(&word_, 1, now);
  FutexWait(&word_, 1, 0);
  EXPECT_THAT(pauses, ElementsAre());
}

}  // namespace
}  // namespace ipmpsc::internal
