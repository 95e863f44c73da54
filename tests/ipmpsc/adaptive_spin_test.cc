// Tests that the duration of a spin adapts to the waits before.
#include "ipmpsc/internal/endpoint/adaptive_spin.h"

#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {
namespace {

constexpr int64_t kNever = INT64_MAX;

bool Nothing() { return false; }

// Waits in vain until the spin gets no shorter.
void WaitInVain(AdaptiveSpin* spin) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(spin->Until(Nothing, kNever));
    spin->Slept(false);
  }
}

TEST(AdaptiveSpinTest, SpinShortensAfterAVainWait) {
  AdaptiveSpin spin;
  WaitInVain(&spin);
  EXPECT_EQ(spin.limit(), AdaptiveSpin::kShortest);
}

TEST(AdaptiveSpinTest, SpinLengthensAfterAnEventDuringTheSpin) {
  AdaptiveSpin spin;
  WaitInVain(&spin);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(spin.Until([] { return true; }, kNever));
  EXPECT_EQ(spin.limit(), AdaptiveSpin::kLongest);
}

TEST(AdaptiveSpinTest, SpinLengthensAfterAnEventSoonAfterTheSpin) {
  AdaptiveSpin spin;
  WaitInVain(&spin);
  // On a busy machine the two calls may be far apart. The wait then is not short.
  bool longer = false;
  for (int i = 0; i < 1000 && !longer; ++i) {
    const int64_t before = spin.limit();
    EXPECT_FALSE(spin.Until(Nothing, kNever));
    spin.Slept(true);
    longer = spin.limit() > before;
  }
  EXPECT_TRUE(longer);
}

TEST(AdaptiveSpinTest, SpinShortensAfterALateEvent) {
  AdaptiveSpin spin;
  const int64_t before = spin.limit();
  EXPECT_FALSE(spin.Until(Nothing, kNever));
  absl::SleepFor(absl::Milliseconds(1));
  spin.Slept(true);
  EXPECT_LT(spin.limit(), before);
}

TEST(AdaptiveSpinTest, SpinEndsAtTheDeadlineAfterAtLeastOneCheck) {
  AdaptiveSpin spin;
  int looks = 0;
  EXPECT_TRUE(spin.Until([&] { return ++looks == 1; }, 0));
  EXPECT_FALSE(spin.Until(Nothing, MonotonicNow()));
}

}  // namespace
}  // namespace ipmpsc::internal
