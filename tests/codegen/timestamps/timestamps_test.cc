// Tests option (ipmpsc.channel) with timestamps: each message has its send time and number.
#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/codegen/timestamps/stamped.ipmpsc.h"
#include "tests/codegen/timestamps/stamped.pb.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

TEST(TimestampsTest, MessagesHaveATimeAndANumber) {
  EXPECT_TRUE(StampedChannel::Options().timestamps);
  ASSERT_OK_AND_ASSIGN(const ipmpsc::Channel channel, StampedChannel::CreateTemp());
  ASSERT_OK_AND_ASSIGN(StampedSender sender, StampedSender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(StampedReceiver receiver, StampedReceiver::Attach(channel));
  Stamped message;
  message.set_text("now");
  const absl::Time before = absl::Now();
  for (int i = 0; i < 3; ++i) ASSERT_OK(sender.TrySend(message));
  const absl::Time after = absl::Now();
  for (uint64_t i = 1; i <= 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const StampedLease lease, receiver.TryReceive());
    EXPECT_EQ(lease->text(), "now");
    EXPECT_EQ(lease.sequence(), i);
    EXPECT_GE(lease.sent_at(), before);
    EXPECT_LE(lease.sent_at(), after);
  }
}

TEST(TimestampsTest, ChannelWithoutTimestampsHasNone) {
  ipmpsc::ChannelOptions options = StampedChannel::Options();
  options.timestamps = false;
  ASSERT_OK_AND_ASSIGN(const ipmpsc::Channel channel, StampedChannel::CreateTemp(options));
  ASSERT_OK_AND_ASSIGN(StampedSender sender, StampedSender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(StampedReceiver receiver, StampedReceiver::Attach(channel));
  ASSERT_OK(sender.TrySend(Stamped()));
  ASSERT_OK_AND_ASSIGN(const StampedLease lease, receiver.TryReceive());
  EXPECT_EQ(lease.sequence(), 0u);
  EXPECT_EQ(lease.sent_at(), absl::InfinitePast());
}

}  // namespace
}  // namespace ipmpsc_test
