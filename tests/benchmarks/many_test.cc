// Tests that waking a receiver of many channels is measured, for each mechanism.
#include "benchmarks/measurement/many.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"
#include "gtest/gtest.h"
#include "ipmpsc/wait_options.h"
#include "tests/ipmpsc/wait_mechanisms.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr absl::Duration kTime = absl::Milliseconds(50);

class ManyTest : public MechanismTest {};

TEST_P(ManyTest, MeasuresAWaitSet) {
  for (const size_t channels : {1, 100}) {
    const absl::StatusOr<Quantiles> quantiles = MeasureWaitSet(channels, GetParam(), kTime);
    ASSERT_OK(quantiles);
    EXPECT_GT(quantiles->p50, 0);
    EXPECT_GE(quantiles->p99, quantiles->p50);
  }
}

// As where the machine runs other programs for all of the time.
TEST_P(ManyTest, AtLeastOneMessageCounts) {
  const absl::StatusOr<Quantiles> quantiles = MeasureWaitSet(100, GetParam(), absl::ZeroDuration());
  ASSERT_OK(quantiles);
  EXPECT_GT(quantiles->p50, 0);
}

INSTANTIATE_FOR_MECHANISMS(ManyTest);

TEST(ManySocketsTest, MeasuresEpoll) {
  const absl::StatusOr<Quantiles> quantiles = MeasureEpoll(100, kTime);
  ASSERT_OK(quantiles);
  EXPECT_GT(quantiles->p50, 0);
}

}  // namespace
}  // namespace ipmpsc::benchmarks
