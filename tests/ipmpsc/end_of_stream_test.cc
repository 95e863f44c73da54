// Tests how each side notices the end of the other: `ReceiverOptions::end_without_senders`,
// `SenderOptions::require_receiver`, `Channel::HasReceiver` and `HasSender`.
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

// Bounds a hang and measures nothing.
constexpr absl::Duration kPatience = absl::Seconds(20);
// Longer than the interval of periodic checks.
constexpr absl::Duration kMoment = absl::Milliseconds(2);

class EndOfStreamTest : public ::testing::Test {
 protected:
  EndOfStreamTest() {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 2;
    channel_ = *Channel::CreateAnonymous(options);
  }

  Receiver AttachReceiver() {
    ReceiverOptions options;
    options.end_without_senders = true;
    return *Receiver::Attach(*channel_, options);
  }
  Sender AttachSender() { return *Sender::Attach(*channel_); }
  Sender AttachDemandingSender() {
    SenderOptions options;
    options.require_receiver = true;
    return *Sender::Attach(*channel_, options);
  }

  static std::string Next(Receiver& receiver, absl::Duration timeout = kPatience) {
    absl::StatusOr<Lease> lease = receiver.Receive(timeout);
    return lease.ok() ? std::string(lease->payload()) : lease.status().ToString();
  }

  std::optional<Channel> channel_;
};

constexpr char kEnded[] = "OUT_OF_RANGE: all senders are gone and all messages have been received";

TEST_F(EndOfStreamTest, TheReceiverWaitsForTheFirstSenderAndEndsWithTheLast) {
  Receiver receiver = AttachReceiver();
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(receiver.Receive(kMoment), StatusIs(absl::StatusCode::kDeadlineExceeded));
  {
    std::optional<Sender> first = AttachSender();
    Sender second = AttachSender();
    EXPECT_THAT(receiver.Receive(kMoment), StatusIs(absl::StatusCode::kDeadlineExceeded));
    ASSERT_OK(first->TrySend("one"));
    first.reset();
    EXPECT_EQ(Next(receiver), "one");
    EXPECT_THAT(receiver.Receive(kMoment), StatusIs(absl::StatusCode::kDeadlineExceeded));
    ASSERT_OK(second.TrySend("two"));
  }
  EXPECT_EQ(Next(receiver), "two");
  EXPECT_EQ(Next(receiver), kEnded);
  absl::SleepFor(kMoment);
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(EndOfStreamTest, ReceiverContinuesWithAnotherSender) {
  Receiver receiver = AttachReceiver();
  AttachSender();
  EXPECT_EQ(Next(receiver), kEnded);
  Sender sender = AttachSender();
  EXPECT_THAT(receiver.Receive(kMoment), StatusIs(absl::StatusCode::kDeadlineExceeded));
  ASSERT_OK(sender.TrySend("late"));
  EXPECT_EQ(Next(receiver), "late");
}

TEST_F(EndOfStreamTest, MessagesOfAnEarlierSenderAreReceivedFirst) {
  ASSERT_OK(AttachSender().TrySend("left"));
  Receiver receiver = AttachReceiver();
  EXPECT_EQ(Next(receiver), "left");
  EXPECT_EQ(Next(receiver), kEnded);
}

TEST_F(EndOfStreamTest, EarlierAttachedSenderCounts) {
  std::optional<Sender> sender = AttachSender();
  Receiver receiver = AttachReceiver();
  sender.reset();
  EXPECT_EQ(Next(receiver), kEnded);
}

TEST_F(EndOfStreamTest, EarlierSendersWithoutMessagesDoNotCount) {
  AttachSender();
  Receiver receiver = AttachReceiver();
  EXPECT_THAT(receiver.Receive(kMoment), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(EndOfStreamTest, ReceiverWaitsForAnOpenLoan) {
  Receiver receiver = AttachReceiver();
  std::optional<Loan> loan;
  {
    Sender sender = AttachSender();
    loan = *sender.TryClaim(3);
  }
  EXPECT_THAT(receiver.Receive(kMoment), StatusIs(absl::StatusCode::kDeadlineExceeded));
  loan->payload()[0] = 'x';
  std::move(*loan).Publish(1);
  EXPECT_EQ(Next(receiver), "x");
  EXPECT_EQ(Next(receiver), kEnded);
}

// The receiver notices by a wake, or at the latest by its periodic check. A test that asserts no
// time cannot distinguish the two.
TEST_F(EndOfStreamTest, SleepingReceiverWakesWhenTheLastSenderDetaches) {
  Receiver receiver = AttachReceiver();
  std::optional<Sender> sender = AttachSender();
  std::thread last([&] {
    absl::SleepFor(absl::Milliseconds(20));
    sender.reset();
  });
  EXPECT_EQ(Next(receiver), kEnded);
  last.join();
}

TEST_F(EndOfStreamTest, WithoutTheOptionReceiverOutlivesSenders) {
  Receiver receiver = *Receiver::Attach(*channel_);
  ASSERT_OK(AttachSender().TrySend("one"));
  EXPECT_EQ(Next(receiver), "one");
  EXPECT_THAT(receiver.Receive(kMoment), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(EndOfStreamTest, ASenderThatRequiresAReceiverFailsWithoutOne) {
  const auto no_receiver =
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the channel has no receiver"));
  Sender sender = AttachDemandingSender();
  EXPECT_THAT(sender.TrySend("x"), no_receiver);
  EXPECT_THAT(sender.Send("x", kPatience), no_receiver);
  EXPECT_THAT(sender.SendWhenEmpty("x", kPatience), no_receiver);
  EXPECT_THAT(sender.TryClaim(1), no_receiver);
  EXPECT_THAT(sender.Claim(1, kPatience), no_receiver);
  EXPECT_THAT(sender.ClaimWhenEmpty(1, kPatience), no_receiver);
  {
    Receiver receiver = *Receiver::Attach(*channel_);
    EXPECT_OK(sender.TrySend("to you"));
    EXPECT_EQ(Next(receiver), "to you");
  }
  absl::SleepFor(kMoment);
  EXPECT_THAT(sender.TrySend("x"), no_receiver);
  EXPECT_OK(AttachSender().TrySend("without the option"));
}

TEST_F(EndOfStreamTest, SenderThatWaitsForSpaceReportsTheDetachedReceiver) {
  std::optional<Receiver> receiver = *Receiver::Attach(*channel_);
  Sender sender = AttachDemandingSender();
  ASSERT_OK(sender.TrySend(std::string(channel_->max_payload(), 'x')));
  std::thread last([&] {
    absl::SleepFor(absl::Milliseconds(20));
    receiver.reset();
  });
  EXPECT_THAT(sender.Send("y", kPatience), StatusIs(absl::StatusCode::kUnavailable));
  last.join();
}

TEST_F(EndOfStreamTest, ChannelReportsAttachedEnds) {
  EXPECT_FALSE(channel_->HasReceiver());
  EXPECT_FALSE(channel_->HasSender());
  {
    Receiver receiver = *Receiver::Attach(*channel_);
    EXPECT_TRUE(channel_->HasReceiver());
    EXPECT_FALSE(channel_->HasSender());
  }
  EXPECT_FALSE(channel_->HasReceiver());
  Sender first = AttachSender();
  std::optional<Sender> second = AttachSender();
  EXPECT_TRUE(channel_->HasSender());
  first = *std::exchange(second, std::nullopt);  // the first slot is free, the second is taken
  EXPECT_TRUE(channel_->HasSender());
  { const Sender gone = std::move(first); }
  EXPECT_FALSE(channel_->HasSender());
}

}  // namespace
}  // namespace ipmpsc
