#include "benchmarks/contention/contention_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipmpsc::benchmarks {
namespace {

using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Lt;

const MachineModel& OneSocket() { return PublishedMachines()[1]; }

TEST(ContentionModelTest, OneSenderNeverLosesAndKeepsTheLine) {
  const ContentionResult result = SimulateContention(OneSocket(), {1, 1, 1});
  EXPECT_EQ(result.lost_races_per_claim, 0);
  EXPECT_LT(result.claim_transfers_per_message, 0.01);
  EXPECT_EQ(result.least_share, 1);
}

TEST(ContentionModelTest, ReceiverBoundsTheRateOfAFullRing) {
  // 16 ns for a message, and an eighth of a transfer.
  const double most = 1e9 / (16 + 51.0 / 8);
  EXPECT_THAT(SimulateContention(OneSocket(), {1, 16, 1}, 20000).messages_per_second,
              AllOf(Gt(0.98 * most), Lt(1.02 * most)));
}

TEST(ContentionModelTest, ManySendersWithoutPausesGetOneClaimARound) {
  const ContentionResult result = SimulateContention(OneSocket(), {16, 1, 1, false});
  EXPECT_THAT(result.lost_races_per_claim, AllOf(Gt(14), Lt(16)));
  // A round has one transfer, half of it the request that waits meanwhile, for each sender.
  EXPECT_THAT(result.messages_per_second, AllOf(Gt(1e9 / (16 * 51)), Lt(1e9 / (16 * 25))));
}

TEST(ContentionModelTest, PausesSaveRaces) {
  for (const int senders : {4, 7, 16, 31}) {
    const ContentionResult with = SimulateContention(OneSocket(), {senders, 1, 1, true});
    const ContentionResult without = SimulateContention(OneSocket(), {senders, 1, 1, false});
    EXPECT_GT(with.messages_per_second, 1.5 * without.messages_per_second) << senders;
    EXPECT_LT(with.lost_races_per_claim, without.lost_races_per_claim) << senders;
  }
}

TEST(ContentionModelTest, ChannelsOfTheirOwnDoNotDisturbEachOther) {
  const double one = SimulateContention(OneSocket(), {1, 1, 1}).messages_per_second;
  const double four = SimulateContention(OneSocket(), {4, 1, 4}).messages_per_second;
  EXPECT_THAT(four, AllOf(Gt(3.9 * one), Lt(4.1 * one)));
}

TEST(ContentionModelTest, SameArgumentsGiveTheSameResult) {
  const auto run = [] { return SimulateContention(OneSocket(), {16, 1, 2}); };
  EXPECT_EQ(run().messages_per_second, run().messages_per_second);
  EXPECT_EQ(run().least_share, run().least_share);
}

}  // namespace
}  // namespace ipmpsc::benchmarks
