// Tests lossy channels: OnFull::kDropNewest.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

ChannelOptions Lossy() {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 8;
  options.on_full = OnFull::kDropNewest;
  return options;
}

class LossyTest : public ::testing::Test {
 protected:
  LossyTest() : channel_(*Channel::CreateAnonymous(Lossy())) {}

  Sender Attach() {
    absl::StatusOr<Sender> sender = Sender::Attach(channel_);
    EXPECT_OK(sender);
    return *std::move(sender);
  }
  Receiver AttachReceiver() {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel_);
    EXPECT_OK(receiver);
    return *std::move(receiver);
  }

  const Channel channel_;
};

TEST_F(LossyTest, ChannelSaysThatItIsLossy) {
  EXPECT_EQ(channel_.on_full(), OnFull::kDropNewest);
  EXPECT_TRUE(channel_.Stats().drops_newest);
  ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::OpenFd(channel_.fd()));
  EXPECT_EQ(opened.on_full(), OnFull::kDropNewest);
  ASSERT_OK_AND_ASSIGN(const Channel other, Channel::CreateAnonymous({}));
  EXPECT_EQ(other.on_full(), OnFull::kWait);
  EXPECT_FALSE(other.Stats().drops_newest);
}

// Every function returns at once, whatever its deadline: a wait would never end here.
TEST_F(LossyTest, NothingWaitsAndEachMessageCounts) {
  Sender sender = Attach();
  ASSERT_OK(sender.Send(std::string(3000, 'x'), Deadline::Never()));
  const std::string large(2000, 'y');
  const auto write = [](size_t, absl::Span<char>) {};
  const std::vector<std::pair<const char*, std::function<absl::Status()>>> ways = {
      {"TrySend", [&] { return sender.TrySend(large); }},
      {"Send", [&] { return sender.Send(large, Deadline::Never()); }},
      {"Send late", [&] { return sender.Send(large, absl::ZeroDuration()); }},
      {"SendWhenEmpty", [&] { return sender.SendWhenEmpty("small", Deadline::Never()); }},
      {"TryClaim", [&] { return sender.TryClaim(2000).status(); }},
      {"Claim", [&] { return sender.Claim(2000, Deadline::Never()).status(); }},
      {"ClaimWhenEmpty", [&] { return sender.ClaimWhenEmpty(1, Deadline::Never()).status(); }},
  };
  uint64_t dropped = 0;
  for (const auto& [name, send] : ways) {
    EXPECT_THAT(send(), StatusIs(absl::StatusCode::kResourceExhausted, "")) << name;
    EXPECT_EQ(sender.dropped(), ++dropped) << name;
  }
  const auto all_dropped = StatusIs(absl::StatusCode::kResourceExhausted, "");
  EXPECT_THAT(sender.SendBatch({"1", large, "3"}, Deadline::Never()), all_dropped);
  EXPECT_EQ(sender.dropped(), dropped += 3);
  EXPECT_THAT(sender.TrySendBatch({large, "2"}), all_dropped);
  EXPECT_EQ(sender.dropped(), dropped += 2);
  EXPECT_THAT(sender.WriteBatch({2000, 1, 1, 1}, write, Deadline::Never()), all_dropped);
  EXPECT_EQ(sender.dropped(), dropped += 4);

  // A message that fits is still sent, and errors of other kinds drop nothing.
  EXPECT_OK(sender.Send("small", Deadline::Never()));
  EXPECT_THAT(sender.TrySend(std::string(5000, 'z')), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(sender.dropped(), dropped);
  const ChannelStats stats = channel_.Stats();
  EXPECT_EQ(stats.dropped_messages, dropped);
  EXPECT_EQ(stats.senders[sender.slot()].dropped_messages, dropped);
  EXPECT_EQ(stats.senders[sender.slot()].refused, 0u);
  EXPECT_EQ(stats.senders[sender.slot()].full_waits, 0u);
  Receiver receiver = AttachReceiver();
  EXPECT_EQ(receiver.dropped(), dropped);
  for (const size_t size : {3000, 5}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload().size(), size);
  }
}

// A turn would make the others drop messages for which there is space.
TEST_F(LossyTest, EventLoopThatWaitsForSpaceTakesNoTurn) {
  Sender sender = Attach();
  Sender other = Attach();
  ASSERT_OK(sender.TrySend(std::string(3000, 'x')));
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(sender.Fd(2000)) << "looks again at each call";
    EXPECT_TRUE(sender.Arm());
  }
  EXPECT_EQ(channel_.Stats().senders[sender.slot()].turns, 0u);
  EXPECT_OK(other.TrySend("small"));
}

TEST_F(LossyTest, ChannelThatWaitsDropsNothing) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous({}));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK(sender.TrySend(std::string(channel.max_payload(), 'x')));
  EXPECT_THAT(sender.TrySend("more"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(sender.Send("more", absl::Milliseconds(1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(sender.dropped(), 0u);
  EXPECT_EQ(channel.Stats().dropped_messages, 0u);
}

TEST_F(LossyTest, EndsAreErrorsAndNoDrops) {
  Channel channel = channel_;
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(4000, 'x')));
  channel.Close();
  EXPECT_THAT(sender.Send(std::string(4000, 'x'), Deadline::Never()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(sender.dropped(), 0u);
}

// The counter belongs to the slot and goes on with its next owner. That of a sender starts anew.
TEST_F(LossyTest, CountsOutliveTheirSenders) {
  {
    Sender sender = Attach();
    ASSERT_OK(sender.TrySend(std::string(4000, 'x')));
    EXPECT_FALSE(sender.TrySend(std::string(4000, 'x')).ok());
  }
  Sender sender = Attach();
  EXPECT_EQ(sender.dropped(), 0u);
  EXPECT_FALSE(sender.TrySend(std::string(4000, 'x')).ok());
  EXPECT_EQ(sender.dropped(), 1u);
  EXPECT_EQ(AttachReceiver().dropped(), 2u);
}

TEST_F(LossyTest, OpeningAChannelOfTheOtherKindIsAnError) {
  const SharedMemoryDirectory directory;
  for (const bool lossy : {false, true}) {
    const std::string path = directory / absl::StrCat(lossy);
    ChannelOptions options = Lossy();
    options.on_full = lossy ? OnFull::kDropNewest : OnFull::kWait;
    ASSERT_OK(Channel::Create(path, options));
    options.exist_policy = ExistPolicy::kOpen;
    EXPECT_OK(Channel::Create(path, options));
    options.on_full = lossy ? OnFull::kWait : OnFull::kDropNewest;
    options.accept_smaller = true;
    EXPECT_THAT(Channel::Create(path, options),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr(path),
                               HasSubstr(lossy ? "the channel there drops new messages"
                                               : "the channel there makes senders wait"),
                               HasSubstr("ChannelOptions::on_full"))));
  }
}

// Sends numbered messages until `stop`. Returns how many were sent and dropped, by their results.
struct Tally {
  uint64_t sent = 0;
  uint64_t dropped = 0;
};
Tally SendUntil(Sender* sender, const std::function<bool()>& stop) {
  Tally tally;
  while (!stop()) {
    const absl::Status status =
        sender->Send(absl::StrCat(tally.sent + 1, " ", std::string(100, 'x')), Deadline::Never());
    if (status.ok()) {
      ++tally.sent;
    } else {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
      ++tally.dropped;
    }
  }
  return tally;
}

// Each message is received or dropped, and the counts of both ends are exact.
TEST_F(LossyTest, SentAndDroppedAddUpUnderLoad) {
  constexpr int kSenders = 3;
  std::atomic<bool> stop{false};
  std::vector<Sender> senders;
  for (int i = 0; i < kSenders; ++i) senders.push_back(Attach());
  Tally tallies[kSenders];
  std::vector<std::thread> threads;
  for (int i = 0; i < kSenders; ++i) {
    threads.emplace_back([&senders, &tallies, &stop, i] {
      tallies[i] = SendUntil(&senders[i], [&stop] { return stop.load(); });
    });
  }
  Receiver receiver = AttachReceiver();
  uint64_t last[8] = {};
  uint64_t received = 0;
  const auto take = [&](const Record& record) {
    ++received;
    uint64_t number;
    ASSERT_TRUE(absl::SimpleAtoi(record.payload.substr(0, record.payload.find(' ')), &number));
    // A message that was sent with OK arrives without a gap.
    ASSERT_EQ(number, last[record.sender] + 1);
    last[record.sender] = number;
  };
  while (received < 3000 || receiver.dropped() < 3000) (void)receiver.Drain(take);
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  (void)receiver.Drain(take);

  uint64_t sent = 0;
  uint64_t dropped = 0;
  const ChannelStats stats = channel_.Stats();
  for (int i = 0; i < kSenders; ++i) {
    EXPECT_EQ(senders[i].dropped(), tallies[i].dropped);
    EXPECT_EQ(stats.senders[senders[i].slot()].dropped_messages, tallies[i].dropped);
    EXPECT_EQ(last[senders[i].slot()], tallies[i].sent);
    sent += tallies[i].sent;
    dropped += tallies[i].dropped;
  }
  EXPECT_EQ(received, sent);
  EXPECT_EQ(receiver.dropped(), dropped);
  EXPECT_EQ(stats.dropped_messages, dropped);
}

// A sender that is killed between its decision and its count has dropped a message that nobody was
// told of. All that returned are counted, and the next owner of the slot continues the count.
TEST_F(LossyTest, KilledSenderLeavesAnExactCount) {
  Sender other = Attach();
  ASSERT_OK(other.TrySend(std::string(4000, 'x')));
  ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
    Sender* const sender = new Sender(Attach());  // not destroyed
    for (int i = 0; i < 100; ++i) (void)sender->Send(std::string(4000, 'y'), Deadline::Never());
    return absl::StrCat(sender->dropped());
  });
  ASSERT_EQ(child.result(), "100");
  child.Kill();
  EXPECT_EQ(AttachReceiver().dropped(), 100u);
  Sender next = Attach();
  EXPECT_FALSE(next.TrySend(std::string(4000, 'x')).ok());
  EXPECT_EQ(AttachReceiver().dropped(), 101u);
}

}  // namespace
}  // namespace ipmpsc
