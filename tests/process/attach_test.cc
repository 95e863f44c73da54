// Tests processes that create, open, attach to, close and replace the same channel at the same
// moment.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/peer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ChannelOptions Options(uint32_t max_senders) {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = max_senders;
  return options;
}

// --- One receiver, many senders ---

TEST(AttachTest, SecondReceiverGetsThePidOfTheFirst) {
  const std::string path = PathOnDisk("channel");
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(path, Options(2)));
  const Board board;
  Peer first(board);
  Peer second(board);
  for (Peer* peer : {&first, &second}) ASSERT_OK(peer->Ask("open " + path).status());
  ASSERT_OK(first.Ask("attach_receiver").status());
  const auto names_the_first =
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(absl::StrCat("process ", first.pid())));
  EXPECT_THAT(second.Ask("attach_receiver").status(), names_the_first);
  EXPECT_THAT(Receiver::Attach(channel), names_the_first);
  first.Kill();
  EXPECT_OK(second.Ask("attach_receiver").status());
}

TEST(AttachTest, TooManySenders) {
  const std::string path = PathOnDisk("channel");
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(path, Options(3)));
  const Board board;
  std::vector<Peer> peers;
  for (int i = 0; i < 4; ++i) {
    peers.emplace_back(board);
    ASSERT_OK(peers[i].Ask("open " + path).status());
  }
  for (uint64_t i = 0; i < 3; ++i) {
    const Reply attached = peers[i].Ask("attach_sender 0");
    ASSERT_OK(attached.status());
    EXPECT_THAT(attached.numbers, ElementsAre(i));
  }
  EXPECT_THAT(peers[3].Ask("attach_sender 0").status(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("of 3, 3 belong to living senders")));
  peers[1].Kill();
  EXPECT_THAT(peers[3].Ask("attach_sender 0").numbers, ElementsAre(1u));
}

// More processes than slots attach at once, many times. No slot ever has two owners.
TEST(AttachTest, SendersRaceForSlots) {
  const std::string path = PathOnDisk("channel");
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(path, Options(2)));
  const Board board;
  for (uint64_t round = 1; round <= 10; ++round) {
    std::vector<Peer> peers;
    for (int i = 0; i < 4; ++i) {
      peers.emplace_back(board);
      peers[i].Tell("open " + path);
      peers[i].Tell(absl::StrCat("await 0 ", round));
      peers[i].Tell("attach_sender 0");
    }
    for (Peer& peer : peers) ASSERT_OK(peer.Answer().status());
    board[0].store(round);
    std::vector<uint64_t> slots;
    for (Peer& peer : peers) {
      ASSERT_OK(peer.Answer().status());
      const Reply attached = peer.Answer();
      if (attached.status().ok()) {
        slots.push_back(attached.numbers[0]);
      } else {
        EXPECT_THAT(attached.status(), StatusIs(absl::StatusCode::kResourceExhausted));
      }
    }
    EXPECT_THAT(slots, ::testing::UnorderedElementsAre(0, 1));
  }
}

TEST(AttachTest, ReceiversRace) {
  const std::string path = PathOnDisk("channel");
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(path, Options(2)));
  const Board board;
  for (uint64_t round = 1; round <= 10; ++round) {
    std::vector<Peer> peers;
    for (int i = 0; i < 3; ++i) {
      peers.emplace_back(board);
      peers[i].Tell("open " + path);
      peers[i].Tell(absl::StrCat("await 0 ", round));
      peers[i].Tell("attach_receiver");
    }
    for (Peer& peer : peers) ASSERT_OK(peer.Answer().status());
    board[0].store(round);
    int attached = 0;
    for (Peer& peer : peers) {
      ASSERT_OK(peer.Answer().status());
      const absl::Status status = peer.Answer().status();
      if (status.ok()) {
        ++attached;
      } else {
        EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists));
      }
    }
    EXPECT_EQ(attached, 1);
  }
}

// --- Concurrent creation ---

class CreateRaceTest : public ::testing::Test {
 protected:
  static constexpr int kPeers = 4;
  static constexpr uint64_t kRounds = 20;

  CreateRaceTest() {
    for (int i = 0; i < kPeers; ++i) peers_.emplace_back(board_);
  }

  // Runs all `commands` at once, each in its own process, and returns the replies.
  std::vector<Reply> Race(const std::vector<std::string>& commands) {
    const uint64_t round = ++round_;
    for (size_t i = 0; i < commands.size(); ++i) {
      peers_[i].Tell(absl::StrCat("await 0 ", round));
      peers_[i].Tell(commands[i]);
    }
    board_[0].store(round);
    std::vector<Reply> replies;
    for (size_t i = 0; i < commands.size(); ++i) {
      EXPECT_OK(peers_[i].Answer().status());
      replies.push_back(peers_[i].Answer());
    }
    return replies;
  }

  static std::string Create(const std::string& path, const std::string& policy) {
    return absl::StrCat("create ", path, " 4096 2 ", policy);
  }

  Board board_;
  std::vector<Peer> peers_;
  uint64_t round_ = 0;
  const SharedMemoryDirectory directory_;
};

TEST_F(CreateRaceTest, ExactlyOneCreatorWinsWithFail) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    const std::string path = directory_ / absl::StrCat(round);
    std::string winner;
    for (const Reply& reply : Race(std::vector<std::string>(kPeers, Create(path, "fail")))) {
      if (reply.status().ok()) {
        EXPECT_EQ(winner, "") << "two winners";
        winner = reply.text;
      } else {
        EXPECT_THAT(reply.status(), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path)));
      }
    }
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(path));
    EXPECT_EQ(channel.id(), winner);
  }
  EXPECT_EQ(CountNames(directory_.path()), static_cast<int>(kRounds));
}

TEST_F(CreateRaceTest, AllCreatorsGetTheSameChannelWithOpen) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    const std::string path = directory_ / absl::StrCat(round);
    const std::vector<Reply> replies = Race(std::vector<std::string>(kPeers, Create(path, "open")));
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(path));
    for (const Reply& reply : replies) {
      EXPECT_OK(reply.status());
      EXPECT_EQ(reply.text, channel.id());
    }
  }
  EXPECT_EQ(CountNames(directory_.path()), static_cast<int>(kRounds));
}

TEST_F(CreateRaceTest, EveryLoserIsNotifiedWithReplace) {
  const std::string path = directory_ / "channel";
  for (uint64_t round = 0; round < kRounds; ++round) {
    // The first round starts without a channel, the others with the channel of the last winner.
    absl::StatusOr<Channel> before = Channel::Open(path);
    const std::vector<Reply> replies =
        Race(std::vector<std::string>(kPeers, Create(path, "replace")));
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(path));
    int winners = 0;
    for (int i = 0; i < kPeers; ++i) {
      EXPECT_OK(replies[i].status());
      const bool won = replies[i].text == channel.id();
      winners += won ? 1 : 0;
      EXPECT_THAT(peers_[i].Ask("state").numbers, ElementsAre(won ? 0u : 2u));
    }
    EXPECT_EQ(winners, 1);
    if (before.ok()) {
      EXPECT_EQ(before->state(), ChannelState::kReplaced);
    }
  }
  EXPECT_EQ(CountNames(directory_.path()), 1);
}

TEST_F(CreateRaceTest, NoProcessOpensHalfAChannel) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    const std::string path = directory_ / absl::StrCat(round);
    const std::vector<Reply> replies = Race({Create(path, "fail"), "open_when_there " + path,
                                             "open_when_there " + path, "open_when_there " + path});
    for (const Reply& reply : replies) {
      EXPECT_OK(reply.status());
      EXPECT_EQ(reply.text, replies[0].text);
    }
  }
}

TEST_F(CreateRaceTest, NoProcessOpensHalfAChannelDuringReplacement) {
  const std::string path = directory_ / "channel";
  ASSERT_OK(peers_[0].Ask(Create(path, "fail")).status());
  for (uint64_t round = 0; round < kRounds; ++round) {
    for (const Reply& reply : Race({Create(path, "replace"), Create(path, "replace"),
                                    "open_when_there " + path, "open " + path})) {
      EXPECT_OK(reply.status());
    }
  }
}

// --- The end of a channel wakes sleeping processes ---

class EndTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    path_ = PathOnDisk("channel");
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, Options(2)));
    channels_.push_back(channel);
  }

  bool replaced() const { return GetParam(); }
  const internal::ControlBlock& control() const {
    return *internal::ChannelAccess::SegmentOf(channels_[0])->ring().control;
  }

  // Ends the channel from another process.
  void End() {
    Peer peer(board_);
    if (replaced()) {
      ASSERT_OK(peer.Ask(absl::StrCat("create ", path_, " 4096 2 replace")).status());
    } else {
      ASSERT_OK(peer.Ask("open " + path_).status());
      ASSERT_OK(peer.Ask("close").status());
    }
  }

  std::string path_;
  std::vector<Channel> channels_;
  Board board_;
};

TEST_P(EndTest, WakesTheReceiver) {
  Peer receiver(board_);
  ASSERT_OK(receiver.Ask("open " + path_).status());
  ASSERT_OK(receiver.Ask("attach_receiver").status());
  receiver.Tell("receive 1000000");
  ASSERT_TRUE(Await([&] { return internal::IsReceiverWaiting(control()); }));
  End();
  EXPECT_THAT(receiver.Answer().status(),
              StatusIs(replaced() ? absl::StatusCode::kAborted : absl::StatusCode::kOutOfRange));
  EXPECT_THAT(receiver.Ask("state").numbers, ElementsAre(replaced() ? 2u : 1u));
}

TEST_P(EndTest, WakesSendersThatWaitForSpace) {
  std::vector<Peer> senders;
  for (int i = 0; i < 2; ++i) {
    senders.emplace_back(board_);
    ASSERT_OK(senders[i].Ask("open " + path_).status());
    ASSERT_OK(senders[i].Ask("attach_sender 0").status());
  }
  ASSERT_OK(senders[0].Ask("send 0 0 4080 0").status());
  for (Peer& sender : senders) sender.Tell("send 0 1 100 1000000");
  ASSERT_TRUE(Await([&] { return (control().senders_wait.load() & 1) != 0; }));
  End();
  for (Peer& sender : senders) {
    EXPECT_THAT(
        sender.Answer().status(),
        StatusIs(replaced() ? absl::StatusCode::kAborted : absl::StatusCode::kFailedPrecondition));
  }
}

TEST_P(EndTest, EarlierMessagesAreReceived) {
  Peer sender(board_);
  ASSERT_OK(sender.Ask("open " + path_).status());
  ASSERT_OK(sender.Ask("attach_sender 0").status());
  ASSERT_OK(sender.Ask("send 0 0 100 0").status());
  ASSERT_OK(sender.Ask("claim 200 0").status());
  End();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channels_[0]));
  EXPECT_OK(receiver.TryReceive());
  // The loan was claimed before the end.
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  ASSERT_OK(sender.Ask("publish 0 1 200").status());
  EXPECT_OK(receiver.Receive(kPatience));
  EXPECT_THAT(receiver.Receive(kPatience),
              StatusIs(replaced() ? absl::StatusCode::kAborted : absl::StatusCode::kOutOfRange));
}

TEST_P(EndTest, LoanOfADeadSenderDoesNotHideTheEnd) {
  Peer sender(board_);
  ASSERT_OK(sender.Ask("open " + path_).status());
  ASSERT_OK(sender.Ask("attach_sender 0").status());
  ASSERT_OK(sender.Ask("claim 200 0").status());
  End();
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channels_[0]));
  sender.Kill();
  EXPECT_THAT(receiver.Receive(kPatience),
              StatusIs(replaced() ? absl::StatusCode::kAborted : absl::StatusCode::kOutOfRange));
}

INSTANTIATE_TEST_SUITE_P(ClosedAndReplaced, EndTest, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& info) {
                           return info.param ? "Replaced" : "Closed";
                         });

}  // namespace
}  // namespace ipmpsc::testing
