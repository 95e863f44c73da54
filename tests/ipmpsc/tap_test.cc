// Tests Tap: each documented status code, the starts, and the losses.
#include "ipmpsc/tap.h"

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(20);

class TapTest : public ::testing::Test {
 protected:
  void SetUp() override { Create(/*timestamps=*/false); }

  void Create(bool timestamps) {
    sender_.reset();
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 4;
    options.timestamps = timestamps;
    options.exist_policy = ExistPolicy::kReplace;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, options));
    channel_ = std::move(channel);
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    sender_.emplace(std::move(sender));
  }

  Tap Open(TapStart start = TapStart::kNow) {
    TapOptions options;
    options.start = start;
    absl::StatusOr<Tap> tap = Tap::Open(path_, options);
    EXPECT_OK(tap);
    return *std::move(tap);
  }

  void Send(const std::string& text) { ASSERT_OK(sender_->TrySend(text)); }
  // Sends and receives so many messages of 64 bytes each.
  void SendAndReceive(int count) {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
    ASSERT_OK(receiver);
    while (receiver->TryReceive().ok()) {
    }
    for (int i = 0; i < count; ++i) {
      Send("passes");
      ASSERT_OK(receiver->TryReceive());
    }
  }
  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring();
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
};

TEST_F(TapTest, SeesWhatIsSentFromNowOn) {
  Send("before");
  Tap tap = Open();
  EXPECT_THAT(tap.TryNext(), StatusIs(absl::StatusCode::kUnavailable));
  Send("after");
  ASSERT_OK_AND_ASSIGN(const TapMessage message, tap.TryNext());
  EXPECT_EQ(message.payload, "after");
  EXPECT_EQ(message.position, 64u);
  EXPECT_EQ(message.sender, 0);
  EXPECT_EQ(message.sequence, 0u);
  EXPECT_EQ(message.sent_at(), absl::InfinitePast());
  EXPECT_EQ(tap.position(), 128u);
}

TEST_F(TapTest, TakesNothingFromTheReceiver) {
  Tap tap = Open();
  Send("for both");
  EXPECT_OK(tap.TryNext());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "for both");
}

TEST_F(TapTest, StartsAtTheOldestUnreleasedMessage) {
  SendAndReceive(1);
  Send("unreleased");
  Tap tap = Open(TapStart::kOldestUnreleased);
  ASSERT_OK_AND_ASSIGN(const TapMessage message, tap.TryNext());
  EXPECT_EQ(message.payload, "unreleased");
}

TEST_F(TapTest, StartsAtTheOldestKeptMessage) {
  SendAndReceive(100);
  Tap tap = Open(TapStart::kOldestKept);
  int read = 0;
  while (tap.TryNext().ok()) ++read;
  EXPECT_EQ(read, 48);  // three quarters of 64
  EXPECT_EQ(tap.loss().bytes, 0u);
}

TEST_F(TapTest, NeedsOnlyThePermissionToRead) {
  Send("visible");
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  EXPECT_EQ(InChild([this]() -> std::string {
              if (std::string failure = DropFileCapabilities(); !failure.empty()) return failure;
              absl::StatusOr<Tap> tap = Tap::Open(path_, {TapStart::kOldestKept});
              if (!tap.ok()) return tap.status().ToString();
              const absl::StatusOr<TapMessage> message = tap->TryNext();
              return message.ok() ? message->payload : message.status().ToString();
            }),
            "visible");
}

TEST_F(TapTest, LooksAtAnAnonymousChannel) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous({}));
  Tap tap = Tap::Over(channel);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK(sender.TrySend("anonymous"));
  ASSERT_OK_AND_ASSIGN(const TapMessage message, tap.TryNext());
  EXPECT_EQ(message.payload, "anonymous");
}

TEST_F(TapTest, TellsWhatItLost) {
  Tap tap = Open();
  SendAndReceive(100);
  Send("seen");
  ASSERT_OK_AND_ASSIGN(const TapMessage message, tap.TryNext());
  EXPECT_EQ(message.payload, "seen");
  EXPECT_EQ(message.lost_before, 100u * 64);
  const TapLoss loss = tap.loss();
  EXPECT_EQ(loss.bytes, 100u * 64);
  EXPECT_EQ(loss.messages, 100u);
  EXPECT_FALSE(loss.messages_are_exact);  // estimated
  EXPECT_EQ(loss.overtakings, 1u);
  EXPECT_EQ(loss.holes, 0u);
}

TEST_F(TapTest, WithTimestampsLostMessagesAreExact) {
  Create(/*timestamps=*/true);
  ASSERT_OK_AND_ASSIGN(Sender other, Sender::Attach(*channel_));
  Tap tap = Open();
  const absl::Time before = absl::Now();
  Send("first");
  ASSERT_OK_AND_ASSIGN(const TapMessage first, tap.TryNext());
  EXPECT_EQ(first.sequence, 1u);
  EXPECT_LT(absl::AbsDuration(first.sent_at() - before), absl::Hours(1));
  SendAndReceive(100);
  Send("second");
  ASSERT_OK(other.TrySend("of a sender that was not heard before"));
  ASSERT_OK(tap.TryNext());
  EXPECT_EQ(tap.loss().messages, 100u);
  EXPECT_FALSE(tap.loss().messages_are_exact) << "the other sender may have lost some, too";
  ASSERT_OK(tap.TryNext());
  EXPECT_EQ(tap.loss().messages, 100u);
  EXPECT_TRUE(tap.loss().messages_are_exact);
}

TEST_F(TapTest, LostMessagesOfASenderThatIsNotHeardAgainAreInexact) {
  Create(/*timestamps=*/true);
  ASSERT_OK_AND_ASSIGN(Sender other, Sender::Attach(*channel_));
  Tap tap = Open();
  ASSERT_OK(other.TrySend("is lost"));
  SendAndReceive(100);
  Send("heard");
  ASSERT_OK(tap.TryNext());
  EXPECT_FALSE(tap.loss().messages_are_exact);
}

TEST_F(TapTest, WithTimestampsAndAnEarlierStartWhatCannotBeKnownIsInexact) {
  Create(/*timestamps=*/true);
  Tap tap = Open(TapStart::kOldestUnreleased);
  SendAndReceive(100);
  Send("first heard");
  ASSERT_OK(tap.TryNext());
  EXPECT_FALSE(tap.loss().messages_are_exact);
}

TEST_F(TapTest, ADeadSendersClaimIsAHoleWithoutAReceiver) {
  Tap tap = Open();
  {
    ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
      static std::optional<Sender> sender;
      static std::optional<Loan> loan;
      const absl::StatusOr<Channel> channel = Channel::Open(path_);
      if (!channel.ok()) return channel.status().ToString();
      SenderOptions options;
      options.name = "victim";
      absl::StatusOr<Sender> attached = Sender::Attach(*channel, options);
      if (!attached.ok()) return attached.status().ToString();
      sender.emplace(*std::move(attached));
      absl::StatusOr<Loan> lent = sender->TryClaim(100);
      if (!lent.ok()) return lent.status().ToString();
      loan.emplace(*std::move(lent));
      return "";
    });
    ASSERT_EQ(child.result(), "");
    Send("behind it");
    // The writer lives, and the text names it.
    EXPECT_THAT(tap.Next(absl::Milliseconds(50)),
                StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("\"victim\"")));
    child.Kill();
  }
  ASSERT_OK_AND_ASSIGN(const TapMessage message, tap.Next(kLong));
  EXPECT_EQ(message.payload, "behind it");
  EXPECT_EQ(message.lost_before, 0u);
  EXPECT_EQ(tap.loss().holes, 1u);
  EXPECT_EQ(tap.loss().hole_bytes, 128u);
  EXPECT_EQ(tap.loss().bytes, 0u);
}

TEST_F(TapTest, WaitsUntilTheDeadline) {
  Tap tap = Open();
  const absl::Time begin = absl::Now();
  EXPECT_THAT(tap.Next(absl::Milliseconds(30)),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       AllOf(HasSubstr(path_), HasSubstr("nothing was sent"))));
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(29));
  EXPECT_THAT(tap.Next(absl::ZeroDuration()), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(TapTest, EndsWhenTheChannelIsClosed) {
  Tap tap = Open();
  Send("last");
  channel_->Close();
  EXPECT_OK(tap.Next(kLong));
  EXPECT_THAT(tap.Next(kLong), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("closed")));
  EXPECT_THAT(tap.TryNext(), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(TapTest, EndsWhenTheChannelIsReplaced) {
  Tap tap = Open();
  Send("last");
  ChannelOptions options;
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK(Channel::Create(path_, options));
  EXPECT_OK(tap.Next(kLong));
  EXPECT_THAT(tap.Next(kLong), StatusIs(absl::StatusCode::kAborted, HasSubstr("replaced")));
}

TEST_F(TapTest, ContradictingPositionsAreDataLoss) {
  Tap tap = Open();
  ring().control->release_position.store(64);
  EXPECT_THAT(tap.TryNext(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged")));
  EXPECT_THAT(tap.Next(kLong), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(TapTest, AnInvalidRecordIsDataLoss) {
  Tap tap = Open();
  Send("valid");
  ring().HeaderAt(0)->description.store(~uint64_t{0});
  EXPECT_THAT(tap.TryNext(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at position 0")));
}

TEST_F(TapTest, ClaimedBytesWithoutAnOwnerAreDataLoss) {
  Tap tap = Open();
  ring().control->claim_word.store(64);
  EXPECT_THAT(tap.Next(kLong), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at position 0")));
}

TEST_F(TapTest, OtherFilesAreErrors) {
  EXPECT_THAT(Tap::Open(directory_ / "none"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Tap::Open(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string good = ReadFile(path_);
  const std::string damaged = directory_ / "damaged";
  WriteFile(damaged, good.substr(0, good.size() - 4096));
  EXPECT_THAT(Tap::Open(damaged), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("truncated")));
}

TEST_F(TapTest, UsesTheMemoryOfAMessageAgain) {
  Tap tap = Open();
  TapMessage message;
  Send(std::string(1000, 'x'));
  ASSERT_OK(tap.TryNext(&message));
  const char* const memory = message.payload.data();
  Send(std::string(900, 'y'));
  ASSERT_OK(tap.Next(kLong, &message));
  EXPECT_EQ(message.payload, std::string(900, 'y'));
  EXPECT_EQ(message.payload.data(), memory);
}

TEST_F(TapTest, CanBeMoved) {
  Tap tap = Open();
  Send("one");
  Tap moved = std::move(tap);
  EXPECT_OK(moved.TryNext());
  tap = std::move(moved);
  EXPECT_THAT(tap.TryNext(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(tap.channel().path(), path_);
}

}  // namespace
}  // namespace ipmpsc
