// Tests stopped processes (SIGSTOP, a debugger). A stopped process lives: others wait for it, take
// nothing from it, and continue as far as there is space.
#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/flood.h"
#include "tests/testing/process/message.h"
#include "tests/testing/process/peer.h"
#include "tests/testing/process/stepped_child.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<Channel> NewChannel() {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 4;
  return Channel::Create(PathOnDisk("channel"), options);
}

TEST(StopTest, StoppedSenderWithAnOpenLoan) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, NewChannel());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const Board board;
  Peer stopped(board);
  ASSERT_OK(stopped.Ask("open " + channel.path()).status());
  ASSERT_OK(stopped.Ask("attach_sender 0").status());
  ASSERT_OK(stopped.Ask("claim 484 0").status());
  stopped.Stop();

  // Others can use the free space, to the last byte.
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  constexpr uint64_t kFit = 7;  // (4096 - 500) / 512
  // The receiver waits, names the sender it waits for, and steps over nothing.
  const auto names_it =
      AllOf(HasSubstr("sender 0 ("),
            HasSubstr(absl::StrCat(", process ", stopped.pid(), ") has claimed")));
  for (uint64_t number = 0; number < kFit; ++number) {
    EXPECT_OK(sender.TrySend(MessageBytes({1, number}, 484)));
    EXPECT_THAT(receiver.Receive(absl::Milliseconds(15)),
                StatusIs(absl::StatusCode::kDeadlineExceeded, names_it));
  }
  EXPECT_THAT(sender.TrySend(MessageBytes({1, kFit}, 484)),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(sender.Send(MessageBytes({1, kFit}, 484), absl::Milliseconds(15)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));

  stopped.Continue();
  ASSERT_OK(stopped.Ask("publish 0 0 484").status());
  ASSERT_OK_AND_ASSIGN(Lease first, receiver.Receive(kPatience));
  EXPECT_EQ(CheckMessage({0, 0}, first.payload()), "");
  EXPECT_EQ(first.position(), 0u);
  for (uint64_t number = 0; number < kFit; ++number) {
    ASSERT_OK_AND_ASSIGN(Lease lease, receiver.TryReceive());
    EXPECT_EQ(CheckMessage({1, number}, lease.payload()), "");
  }
}

TEST(StopTest, KilledWhileItIsStopped) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, NewChannel());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const Board board;
  Peer stopped(board);
  ASSERT_OK(stopped.Ask("open " + channel.path()).status());
  ASSERT_OK(stopped.Ask("attach_sender 0").status());
  ASSERT_OK(stopped.Ask("claim 484 0").status());
  stopped.Stop();
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK(sender.TrySend("next"));
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(30)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  stopped.Kill();
  ASSERT_OK_AND_ASSIGN(Lease lease, receiver.Receive(kPatience));
  EXPECT_EQ(lease.payload(), "next");
}

// Stops a sender before every fifth instruction of a send. There are three outcomes: nothing is
// claimed yet and other messages are received; the receiver waits for the sender and names it; or
// the message is committed and received.
TEST(StopTest, SenderStoppedInTheMiddleOfASend) {
  const std::string why_not = SteppedChild::Unavailable();
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  uint64_t unclaimed = 0;
  uint64_t unfinished = 0;
  uint64_t committed = 0;
  bool whole = false;
  for (uint64_t instructions = 0; !whole; instructions += 5) {
    ASSERT_LT(instructions, 10'000u);
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous({}));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    std::optional<Sender> in_child;
    const auto send = [&] { (void)in_child->TrySend("stopped"); };
    SteppedChild child(
        [&] {
          in_child.emplace(*Sender::Attach(channel));
          // Binds symbols and maps pages in advance, so that this work is not stepped through.
          send();
        },
        send);
    ASSERT_OK(receiver.Receive(kPatience));
    for (uint64_t i = 0; i < instructions && !whole; ++i) whole = !child.Step();

    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    EXPECT_EQ(sender.slot(), 1) << "its slot was taken";
    ASSERT_OK(sender.TrySend("other"));
    absl::StatusOr<Lease> first = receiver.Receive(absl::ZeroDuration());
    if (absl::IsDeadlineExceeded(first.status())) {
      ++unfinished;
      EXPECT_THAT(
          first,
          StatusIs(absl::StatusCode::kDeadlineExceeded,
                   AllOf(HasSubstr("sender 0 ("),
                         HasSubstr(absl::StrCat(", process ", child.pid(), ") has claimed")))));
      child.Detach();
      first = receiver.Receive(kPatience);
      ASSERT_OK(first);
      EXPECT_EQ(first->payload(), "stopped");
    } else {
      ASSERT_OK(first);
      (first->payload() == "stopped" ? committed : unclaimed) += 1;
      child.Detach();
    }
    ASSERT_OK_AND_ASSIGN(const Lease second, receiver.Receive(kPatience));
    EXPECT_EQ(second.payload(), first->payload() == "stopped" ? "other" : "stopped");
  }
  EXPECT_GT(unclaimed, 0u);
  EXPECT_GT(unfinished, 0u);
  EXPECT_GT(committed, 0u);
  std::cout << unclaimed + unfinished + committed << " places: " << unclaimed
            << " before the claim, " << unfinished << " within, " << committed
            << " after the commit\n";
}

// Stops at random instants. Claimed messages arrive in order once the sender continues.
TEST(StopTest, SenderStoppedAtRandomInstants) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, NewChannel());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const Board board;
  std::vector<ChildProcess> senders;
  constexpr uint64_t kSenders = 3;
  for (uint64_t stream = 0; stream < kSenders; ++stream) {
    senders.push_back(ChildProcess::Fork([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(channel);
      FloodPlan plan;
      plan.stream = stream;
      plan.least_size = kIdentitySize;
      plan.most_size = 500;
      if (sender.ok()) (void)Flood(&*sender, plan, &board[stream]);
      return 1;
    }));
  }
  std::mt19937_64 random(getpid());
  Ledger ledger;
  const auto receive = [&](absl::Duration time) {
    const Deadline deadline = time;
    while (!deadline.Passed()) {
      const absl::StatusOr<Lease> lease = receiver.Receive(deadline);
      if (absl::IsDeadlineExceeded(lease.status())) return;
      ASSERT_OK(lease);
      ASSERT_EQ(ledger.Enter(lease->payload()), "");
    }
  };
  for (int stops = 0; stops < 100; ++stops) {
    const uint64_t stream = random() % kSenders;
    receive(absl::Microseconds(static_cast<int64_t>(random() % 500)));
    senders[stream].Stop();
    receive(absl::Microseconds(static_cast<int64_t>(random() % 2000)));
    if (HasFatalFailure()) return;
    senders[stream].Continue();
    const uint64_t before = board[stream].load();
    ASSERT_TRUE(Await([&] {
      receive(absl::Microseconds(100));
      return HasFatalFailure() || board[stream].load() > before;
    })) << "stream "
        << stream << " does not go on after " << stops << " stops";
  }
}

TEST(StopTest, StoppedReceiver) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, NewChannel());
  const Board board;
  Peer receiver(board);
  ASSERT_OK(receiver.Ask("open " + channel.path()).status());
  ASSERT_OK(receiver.Ask("attach_receiver").status());
  receiver.Tell("receive 20000");
  receiver.Stop();

  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  uint64_t sent = 0;
  while (sender.TrySend(MessageBytes({0, sent}, 100)).ok()) ++sent;
  EXPECT_EQ(sent, 4096u / 128);
  EXPECT_THAT(sender.Send(MessageBytes({0, sent}, 100), absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  // A stopped receiver is not replaced.
  EXPECT_THAT(Receiver::Attach(channel),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr(absl::StrCat("process ", receiver.pid()))));

  receiver.Continue();
  for (uint64_t number = 0; number < sent; ++number) {
    const Reply reply = number == 0 ? receiver.Answer() : receiver.Ask("receive 20000");
    ASSERT_OK(reply.status());
    EXPECT_EQ(reply.numbers[4], number);
  }
  ASSERT_OK(receiver.Ask("release_all").status());
  EXPECT_OK(sender.TrySend(MessageBytes({0, sent}, 100)));
}

}  // namespace
}  // namespace ipmpsc::testing
