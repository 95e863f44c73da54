#include "ipmpsc/deadline.h"

#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TEST(DeadlineTest, ZeroAndNegativeHavePassed) {
  for (const absl::Duration timeout :
       {absl::ZeroDuration(), absl::Nanoseconds(-1), absl::Hours(-1), absl::Nanoseconds(-kMost),
        absl::Hours(-1'000'000'000), -absl::InfiniteDuration()}) {
    const Deadline deadline = timeout;
    EXPECT_TRUE(deadline.Passed()) << timeout;
    EXPECT_FALSE(deadline.is_never()) << timeout;
    EXPECT_GE(deadline.nanoseconds(), 0) << "futex refuses negative times";
  }
}

TEST(DeadlineTest, FractionsOfANanosecondDoNotWait) {
  EXPECT_TRUE(Deadline(absl::Nanoseconds(0.25)).Passed());
}

TEST(DeadlineTest, LiesTheGivenTimeFromNow) {
  const int64_t before = internal::MonotonicNow();
  const Deadline deadline = absl::Hours(1);
  const int64_t after = internal::MonotonicNow();
  EXPECT_GE(deadline.nanoseconds(), before + 3'600'000'000'000);
  EXPECT_LE(deadline.nanoseconds(), after + 3'600'000'000'000);
  EXPECT_FALSE(deadline.Passed());
  EXPECT_FALSE(deadline.is_never());
}

TEST(DeadlineTest, InfiniteIsNever) {
  const Deadline deadline = absl::InfiniteDuration();
  EXPECT_TRUE(deadline.is_never());
  EXPECT_FALSE(deadline.Passed());
  EXPECT_EQ(deadline.nanoseconds(), Deadline::kNever);
  EXPECT_TRUE(Deadline::Never().is_never());
  EXPECT_FALSE(Deadline::Never().Passed());
}

TEST(DeadlineTest, HugeIsNeverAndDoesNotOverflow) {
  for (const absl::Duration timeout : {absl::Nanoseconds(kMost), absl::Nanoseconds(kMost - 1),
                                       absl::Hours(24 * 365 * 292), absl::Hours(1'000'000'000)}) {
    const Deadline deadline = timeout;
    EXPECT_FALSE(deadline.Passed()) << timeout;
    EXPECT_GT(deadline.nanoseconds(), internal::MonotonicNow()) << timeout;
  }
  EXPECT_TRUE(Deadline(absl::Nanoseconds(kMost)).is_never());
}

TEST(DeadlineTest, PassesWhenTheClockReachesIt) {
  const Deadline deadline = absl::Milliseconds(1);
  while (internal::MonotonicNow() < deadline.nanoseconds()) EXPECT_FALSE(deadline.is_never());
  EXPECT_TRUE(deadline.Passed());
}

}  // namespace
}  // namespace ipmpsc
