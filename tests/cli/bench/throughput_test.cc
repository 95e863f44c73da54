// The measurement of `ipmpsc bench`.
#include "cli/bench/throughput.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::cli {
namespace {

using ::ipmpsc::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool Never() { return false; }

TEST(MeasureTest, MeasuresEachWay) {
  for (const Way way : {Way::kSingle, Way::kBatches, Way::kChannels}) {
    Load load;
    load.way = way;
    load.senders = 2;
    load.time = absl::Milliseconds(100);
    const auto measured = Measure(load, Never);
    ASSERT_OK(measured);
    EXPECT_GT(measured->messages, 0);
    EXPECT_EQ(measured->load.senders, 2);
  }
}

TEST(MeasureTest, RefusesWhatCannotBeMeasured) {
  Load load;
  load.senders = 0;
  EXPECT_THAT(Measure(load, Never),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sender")));
  load.senders = 1;
  load.time = absl::ZeroDuration();
  EXPECT_THAT(Measure(load, Never),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time")));
  load.time = absl::Seconds(1);
  load.message_bytes = load.capacity;
  EXPECT_THAT(Measure(load, Never),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("capacity")));
}

TEST(MeasureTest, StopsWhenAsked) {
  Load load;
  load.time = absl::Hours(1);
  EXPECT_THAT(Measure(load, [] { return true; }),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("interrupted")));
}

Throughput Row(int senders, Way way, double messages) {
  Throughput row;
  row.load.senders = senders;
  row.load.way = way;
  row.messages = messages;
  return row;
}

TEST(AdviseTest, TellsFromWhereOnAnotherWayIsFaster) {
  EXPECT_THAT(
      Advise({Row(1, Way::kSingle, 100), Row(1, Way::kBatches, 110), Row(2, Way::kSingle, 100),
              Row(2, Way::kBatches, 150), Row(2, Way::kChannels, 90), Row(4, Way::kSingle, 100),
              Row(4, Way::kBatches, 300), Row(4, Way::kChannels, 200)}),
      ElementsAre(
          "From 2 senders on, batches of 32 are faster: 1.5 times the messages.",
          "From 4 senders on, a channel for each sender is faster: 2.0 times the messages."));
}

TEST(AdviseTest, TellsThatNothingIsFaster) {
  EXPECT_THAT(
      Advise({Row(1, Way::kSingle, 100), Row(1, Way::kBatches, 110), Row(2, Way::kSingle, 100),
              Row(2, Way::kChannels, 119)}),
      ElementsAre("Up to 1 sender, batches are no faster than single messages.",
                  "Up to 2 senders, one channel carries as much as a channel for each sender."));
  EXPECT_THAT(Advise({}), IsEmpty());
  EXPECT_THAT(Advise({Row(1, Way::kSingle, 0), Row(1, Way::kBatches, 10)}), IsEmpty());
}

}  // namespace
}  // namespace ipmpsc::cli
