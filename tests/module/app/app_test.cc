#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "app/reading.ipmpsc.h"
#include "app/reading.pb.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"

namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

TEST(AppTest, ReceivesWhatItSent) {
  absl::StatusOr<ipmpsc::Channel> channel = consumer::ReadingChannel::CreateTemp();
  ASSERT_TRUE(channel.ok()) << channel.status();
  absl::StatusOr<consumer::ReadingReceiver> receiver = consumer::ReadingReceiver::Attach(*channel);
  ASSERT_TRUE(receiver.ok()) << receiver.status();
  absl::StatusOr<consumer::ReadingSender> sender = consumer::ReadingSender::Attach(*channel);
  ASSERT_TRUE(sender.ok()) << sender.status();

  consumer::Reading reading;
  reading.mutable_taken()->set_seconds(1700000000);
  reading.set_place("roof");
  const absl::Status sent = sender->Send(reading, kPatience);
  ASSERT_TRUE(sent.ok()) << sent;

  absl::StatusOr<consumer::ReadingLease> lease = receiver->Receive(kPatience);
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_EQ((*lease)->taken().seconds(), 1700000000);
  EXPECT_EQ((*lease)->place(), "roof");
}

}  // namespace
