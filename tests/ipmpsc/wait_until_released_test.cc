// Tests Sender::WaitUntilReleased and the positions: flow control from end to end.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Longer than any test may take.
constexpr absl::Duration kPatience = absl::Minutes(5);
// Long enough for the waiter to fall asleep. Too short a time makes a test weaker, not wrong.
constexpr absl::Duration kUntilAsleep = absl::Milliseconds(30);

class WaitUntilReleasedTest : public SenderFixture {};

// Does `work` after `kUntilAsleep`, in another thread.
class Later {
 public:
  explicit Later(std::function<void()> work)
      : thread_([work = std::move(work)] {
          absl::SleepFor(kUntilAsleep);
          work();
        }) {}
  ~Later() { thread_.join(); }

 private:
  std::thread thread_;
};

TEST_F(WaitUntilReleasedTest, PositionsGrowWithClaimsAndReleases) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  EXPECT_EQ(sender.sent_position(), 0u);
  EXPECT_OK(sender.WaitUntilReleased(sender.sent_position(), absl::ZeroDuration()));
  ASSERT_OK(sender.TrySend("1"));
  EXPECT_EQ(sender.sent_position(), 64u);
  ASSERT_OK(sender.TrySendBatch({"2", "3"}));
  EXPECT_EQ(sender.sent_position(), 192u);
  {
    // A loan counts from its claim on, and a discarded one too.
    ASSERT_OK_AND_ASSIGN(const Loan loan, sender.TryClaim(100));
    EXPECT_EQ(loan.position(), 192u);
    EXPECT_EQ(sender.sent_position(), 320u);
  }
  EXPECT_EQ(channel_->released_position(), 0u);
  {
    ASSERT_OK_AND_ASSIGN(const Lease first, receiver.TryReceive());
    ASSERT_OK_AND_ASSIGN(Lease second, receiver.TryReceive());
    std::move(second).Release();
    EXPECT_EQ(channel_->released_position(), 0u) << "an older lease is held";
  }
  EXPECT_EQ(channel_->released_position(), 128u);
  // A sender that attaches later has sent nothing.
  const Sender other = Attach();
  EXPECT_EQ(other.sent_position(), channel_->released_position());
}

TEST_F(WaitUntilReleasedTest, WaitsForTheLease) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  ASSERT_OK(sender.TrySend("request"));
  ASSERT_OK_AND_ASSIGN(Lease lease, receiver.TryReceive());
  std::optional<Lease> held(std::move(lease));
  EXPECT_THAT(sender.WaitUntilReleased(sender.sent_position(), absl::Milliseconds(5)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  const Later later([&] { held.reset(); });
  EXPECT_OK(sender.WaitUntilReleased(sender.sent_position(), kPatience));
  EXPECT_EQ(channel_->released_position(), sender.sent_position());
}

TEST_F(WaitUntilReleasedTest, InterruptEndsIt) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend("a"));
  sender.Interrupt();
  EXPECT_THAT(sender.WaitUntilReleased(sender.sent_position(), kPatience),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(WaitUntilReleasedTest, ErrorSaysWhatIsReleasedAndWhoReceives) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend("1"));
  ASSERT_OK(sender.TrySend("2"));
  const auto late = [](const std::string& receiver) {
    return StatusIs(absl::StatusCode::kDeadlineExceeded,
                    AllOf(HasSubstr("position 128 is not released after "),
                          HasSubstr("released up to 0, " + receiver)));
  };
  EXPECT_THAT(sender.WaitUntilReleased(128, absl::Milliseconds(3)), late("no receiver attached"));
  const Receiver receiver = AttachReceiver();
  EXPECT_THAT(sender.WaitUntilReleased(128, absl::Milliseconds(3)), late("receiver (\""));
  EXPECT_THAT(sender.WaitUntilReleased(128, absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, ""));
}

TEST_F(WaitUntilReleasedTest, PositionThatNobodyHasReachedIsAnError) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend("1"));
  for (const absl::Duration patience : {absl::ZeroDuration(), kPatience}) {
    EXPECT_THAT(sender.WaitUntilReleased(65, patience),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("position 65")));
  }
}

TEST_F(WaitUntilReleasedTest, ClosedChannelIsStillReceived) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  ASSERT_OK(sender.TrySend("last"));
  channel_->Close();
  const Later later([&] { EXPECT_OK(receiver.TryReceive()); });
  EXPECT_OK(sender.WaitUntilReleased(sender.sent_position(), kPatience));
}

TEST_F(WaitUntilReleasedTest, HandleInheritedThroughForkIsRefused) {
  Sender sender = Attach();
  EXPECT_THAT(InChild([&] { return sender.WaitUntilReleased(0, kPatience).ToString(); }),
              HasSubstr("FAILED_PRECONDITION"));
}

TEST_F(WaitUntilReleasedTest, MissingReceiverAndMissingPathAreTold) {
  const SharedMemoryDirectory directory;
  ChannelOptions options;
  options.capacity = 4096;
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(directory / "channel", options));
  std::optional<Receiver> receiver = *Receiver::Attach(channel);
  SenderOptions with_receiver;
  with_receiver.require_receiver = true;
  ASSERT_OK_AND_ASSIGN(Sender needs_receiver, Sender::Attach(channel, with_receiver));
  SenderOptions with_path;
  with_path.require_path = true;
  ASSERT_OK_AND_ASSIGN(Sender needs_path, Sender::Attach(channel, with_path));
  ASSERT_OK(needs_receiver.TrySend("1"));
  ASSERT_OK(needs_path.TrySend("2"));
  {
    const Later later([&] { receiver.reset(); });
    EXPECT_THAT(needs_receiver.WaitUntilReleased(needs_receiver.sent_position(), kPatience),
                StatusIs(absl::StatusCode::kUnavailable));
  }
  const Later later([&] { EXPECT_EQ(unlink(channel.path().c_str()), 0); });
  EXPECT_THAT(needs_path.WaitUntilReleased(needs_path.sent_position(), kPatience),
              StatusIs(absl::StatusCode::kAborted));
}

// The receiver may be killed while it holds the message: the sender waits for its successor.
TEST_F(WaitUntilReleasedTest, SuccessorOfAKilledReceiverReleases) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend("request"));
  ChildProcess holder = ChildProcess::ForkAndHold([this]() -> std::string {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
    if (!receiver.ok()) return receiver.status().ToString();
    Receiver* const kept = new Receiver(*std::move(receiver));
    absl::StatusOr<Lease> lease = kept->TryReceive();
    if (!lease.ok()) return lease.status().ToString();
    new Lease(*std::move(lease));  // not destroyed
    return "";
  });
  ASSERT_EQ(holder.result(), "");
  EXPECT_THAT(sender.WaitUntilReleased(sender.sent_position(), absl::Milliseconds(5)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  const Later later([&] {
    holder.Kill();
    Receiver receiver = AttachReceiver();
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), "request");
  });
  EXPECT_OK(sender.WaitUntilReleased(sender.sent_position(), kPatience));
}

// Two senders keep at most a few messages on their way each, in a ring that would hold more.
TEST_F(WaitUntilReleasedTest, WindowOfMessagesOnTheirWay) {
  constexpr int kMessages = 2000;
  constexpr size_t kWindow = 3;
  std::thread receiving([this] {
    Receiver receiver = AttachReceiver();
    for (int i = 0; i < 2 * kMessages; ++i) ASSERT_OK(receiver.Receive(kPatience).status());
  });
  const auto send = [&] {
    Sender sender = Attach();
    std::deque<uint64_t> on_their_way;
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_OK(sender.TrySend(absl::StrCat(i))) << "six messages leave the ring room";
      on_their_way.push_back(sender.sent_position());
      if (on_their_way.size() < kWindow) continue;
      ASSERT_OK(sender.WaitUntilReleased(on_their_way.front(), kPatience));
      EXPECT_GE(channel_->released_position(), on_their_way.front());
      on_their_way.pop_front();
    }
  };
  std::thread other(send);
  send();
  other.join();
  receiving.join();
}

}  // namespace
}  // namespace ipmpsc
