// Tests SIGKILL of the receiver. Its successor gets the channel at once, and all unreleased
// messages again at the same positions.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/flood.h"
#include "tests/testing/process/message.h"
#include "tests/testing/process/peer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

class ReceiverDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 4;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(PathOnDisk("channel"), options));
    channels_.push_back(channel);
    StartReceiver();
  }

  const Channel& channel() const { return channels_[0]; }
  const internal::ControlBlock& control() const {
    return *internal::ChannelAccess::SegmentOf(channel())->ring().control;
  }

  void StartReceiver() {
    peers_.emplace_back(board_);
    ASSERT_OK(peers_.back().Ask("open " + channel().path()).status());
    ASSERT_OK(peers_.back().Ask("attach_receiver").status());
  }
  Peer& receiver() { return peers_.back(); }

  // Receives the peer's next message. Returns its position and its number in stream 0.
  std::pair<uint64_t, uint64_t> ReceiveNext() {
    const Reply reply = receiver().Ask("receive 20000");
    EXPECT_OK(reply.status());
    if (reply.numbers.size() < 5) return {};
    return {reply.numbers[0], reply.numbers[4]};
  }

  void SendNumbers(uint64_t first, uint64_t last) {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel()));
    for (uint64_t number = first; number <= last; ++number) {
      ASSERT_OK(sender.TrySend(MessageBytes({0, number}, 100 + number)));
    }
  }

  std::vector<Channel> channels_;
  Board board_;
  std::vector<Peer> peers_;
};

TEST_F(ReceiverDeathTest, SuccessorGetsTheLeasedMessages) {
  SendNumbers(0, 6);
  std::vector<std::pair<uint64_t, uint64_t>> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(ReceiveNext());
  // Releases 0 and 2. Message 1 keeps the space of the later ones.
  ASSERT_OK(receiver().Ask("release 2").status());
  ASSERT_OK(receiver().Ask("release 0").status());
  receiver().Kill();
  StartReceiver();
  for (uint64_t number = 1; number < 5; ++number) {
    EXPECT_EQ(ReceiveNext(), taken[number]);
    EXPECT_EQ(taken[number].second, number);
  }
  EXPECT_EQ(ReceiveNext().second, 5u);
  EXPECT_EQ(ReceiveNext().second, 6u);
  EXPECT_THAT(receiver().Ask("receive 0").status(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(ReceiverDeathTest, SuccessorGetsNoReleasedMessage) {
  SendNumbers(0, 3);
  for (int i = 0; i < 3; ++i) ReceiveNext();
  ASSERT_OK(receiver().Ask("release_all").status());
  receiver().Kill();
  StartReceiver();
  EXPECT_EQ(ReceiveNext().second, 3u);
}

TEST_F(ReceiverDeathTest, ReceiverDiesWhileItSleeps) {
  for (uint64_t number = 0; number < 5; ++number) {
    receiver().Tell("receive 20000");
    ASSERT_TRUE(Await([&] { return internal::IsReceiverWaiting(control()); }));
    receiver().Kill();
    // The first successor finds the message in the ring, the others are asleep when it comes.
    if (number == 0) SendNumbers(0, 0);
    StartReceiver();
    if (number == 0) {
      EXPECT_EQ(ReceiveNext().second, 0u);
      ASSERT_OK(receiver().Ask("release_all").status());
      continue;
    }
    receiver().Tell("receive 20000");
    ASSERT_TRUE(Await([&] { return internal::IsReceiverWaiting(control()); }));
    SendNumbers(number, number);
    const Reply reply = receiver().Answer();
    ASSERT_OK(reply.status());
    EXPECT_EQ(reply.numbers[4], number);
    ASSERT_OK(receiver().Ask("release_all").status());
  }
}

TEST_F(ReceiverDeathTest, SuccessorStepsOverTheSameOrphanAgain) {
  Peer dead(board_);
  ASSERT_OK(dead.Ask("open " + channel().path()).status());
  ASSERT_OK(dead.Ask("attach_sender 0").status());
  SendNumbers(0, 0);
  ASSERT_OK(dead.Ask("claim 700 0").status());
  SendNumbers(1, 1);
  dead.Kill();
  ReceiveNext();
  const auto behind_the_orphan = ReceiveNext();
  EXPECT_EQ(behind_the_orphan.second, 1u);
  receiver().Kill();
  StartReceiver();
  EXPECT_EQ(ReceiveNext().second, 0u);
  EXPECT_EQ(ReceiveNext(), behind_the_orphan);
}

TEST_F(ReceiverDeathTest, SendersThatWaitForSpaceContinue) {
  Peer sender(board_);
  ASSERT_OK(sender.Ask("open " + channel().path()).status());
  ASSERT_OK(sender.Ask("attach_sender 0").status());
  ASSERT_OK(sender.Ask("send 0 0 4000 0").status());
  ReceiveNext();
  sender.Tell("send 0 1 4000 20000");
  ASSERT_TRUE(Await([&] { return (control().senders_wait.load() & 1) != 0; }));
  receiver().Kill();
  StartReceiver();
  EXPECT_EQ(ReceiveNext().second, 0u);
  ASSERT_OK(receiver().Ask("release_all").status());
  EXPECT_OK(sender.Answer().status());
  EXPECT_EQ(ReceiveNext().second, 1u);
}

// --- Killed at random instants ---

// Cells of the board.
enum : size_t {
  kAttached,       // how many receivers have attached
  kReceived,       // messages received by all of them
  kReleasing,      // by stream: the number after the last that a receiver began to release
  kReleased = 10,  // the same for completed releases
  kCommitted = 20,
  kWrong = 30,  // code of the failed check, and its place
  kWhere = 31,
  kSeen = 32,  // two cells per message in the ring: position + 1, and a hash of the message
};

// One life of a receiver: takes up to four messages at a time, checks them and releases them in
// random order.
class Life {
 public:
  Life(const Channel& channel, const Board& board, int streams)
      : channel_(channel), board_(board), next_(streams), expected_(streams, kUnknown) {}

  int Live() {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel_);
    if (!receiver.ok()) return Wrong(1, 0);
    board_[kAttached].fetch_add(1);
    for (uint64_t round = 0;; ++round) {
      std::vector<Lease> leases;
      const size_t most = 1 + Mix(round, getpid()) % 4;
      while (leases.size() < most) {
        absl::StatusOr<Lease> lease =
            leases.empty() ? receiver->Receive(kPatience) : receiver->TryReceive();
        if (absl::IsUnavailable(lease.status())) break;
        if (!lease.ok()) return Wrong(2, static_cast<uint64_t>(lease.status().code()));
        if (!Check(*lease)) return 1;
        leases.push_back(*std::move(lease));
      }
      Release(&leases, round);
    }
  }

 private:
  static constexpr uint64_t kUnknown = ~uint64_t{0};

  int Wrong(uint64_t check, uint64_t where) {
    board_[kWhere].store(where);
    board_[kWrong].store(check);
    return 1;
  }

  bool Check(const Lease& lease) {
    if (lease.payload().size() < kIdentitySize) return Wrong(3, lease.position()) == 0;
    const MessageIdentity identity = IdentityOf(lease.payload());
    const uint64_t stream = identity.stream;
    if (stream >= expected_.size() || !CheckMessage(identity, lease.payload()).empty()) {
      return Wrong(4, lease.position()) == 0;
    }
    if (expected_[stream] == kUnknown) {
      // The first message of this life: none before it is unreleased, and it is not released
      // itself.
      if (identity.number < board_[kReleased + stream].load() ||
          identity.number > board_[kReleasing + stream].load()) {
        return Wrong(5, identity.number) == 0;
      }
    } else if (identity.number != expected_[stream]) {
      return Wrong(6, identity.number) == 0;
    }
    expected_[stream] = identity.number + 1;
    next_[stream] = identity.number + 1;
    // A position holds the same message again.
    const size_t cell = kSeen + 2 * (lease.position() / 16 % 1024);
    const uint64_t what = Mix(stream, identity.number);
    if (board_[cell].load() == lease.position() + 1 && board_[cell + 1].load() != what) {
      return Wrong(7, lease.position()) == 0;
    }
    board_[cell].store(0);
    board_[cell + 1].store(what);
    board_[cell].store(lease.position() + 1);
    board_[kReceived].fetch_add(1);
    return true;
  }

  void Release(std::vector<Lease>* leases, uint64_t round) {
    for (size_t stream = 0; stream < next_.size(); ++stream) {
      if (next_[stream] != 0) board_[kReleasing + stream].store(next_[stream]);
    }
    while (!leases->empty()) {
      std::swap((*leases)[round % leases->size()], leases->back());
      leases->pop_back();
    }
    for (size_t stream = 0; stream < next_.size(); ++stream) {
      if (next_[stream] != 0) board_[kReleased + stream].store(next_[stream]);
    }
  }

  const Channel& channel_;
  const Board& board_;
  std::vector<uint64_t> next_;      // by stream: the number after the last received in this life
  std::vector<uint64_t> expected_;  // by stream
};

TEST(RandomReceiverDeathsTest, NoMessageIsLostAndSendersContinue) {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 3;
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(options));
  const Board board;
  constexpr int kStreams = 3;
  constexpr int kDeaths = 150;
  std::vector<ChildProcess> senders;
  for (uint64_t stream = 0; stream < kStreams; ++stream) {
    senders.push_back(ChildProcess::Fork([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(channel);
      FloodPlan plan;
      plan.stream = stream;
      plan.least_size = kIdentitySize;
      plan.most_size = 700;
      if (sender.ok()) (void)Flood(&*sender, plan, &board[kCommitted + stream]);
      return 1;
    }));
  }
  std::mt19937_64 random(getpid());
  for (int deaths = 0; deaths < kDeaths; ++deaths) {
    const uint64_t before = board[kReceived].load();
    ChildProcess receiver =
        ChildProcess::Fork([&] { return Life(channel, board, kStreams).Live(); });
    const uint64_t more = 1 + random() % 100;
    const bool going_on = Await(
        [&] { return board[kReceived].load() >= before + more || board[kWrong].load() != 0; });
    ASSERT_EQ(board[kWrong].load(), 0u)
        << "the check of this number failed, at " << board[kWhere].load();
    ASSERT_TRUE(going_on) << "stands still after " << deaths << " deaths";
    receiver.Kill();
  }
  EXPECT_EQ(board[kAttached].load(), static_cast<uint64_t>(kDeaths));
  // The last receiver gets all remaining messages.
  for (ChildProcess& sender : senders) sender.Kill();
  ASSERT_OK_AND_ASSIGN(Receiver last, Receiver::Attach(channel));
  // By stream: the number after the last received, or 0 without any.
  uint64_t next[kStreams] = {};
  ASSERT_TRUE(Await([&] {
    for (;;) {
      const absl::StatusOr<Lease> lease = last.Receive(absl::ZeroDuration());
      if (!lease.ok()) {
        EXPECT_THAT(lease, StatusIs(absl::StatusCode::kDeadlineExceeded));
        const internal::ControlBlock& control =
            *internal::ChannelAccess::SegmentOf(channel)->ring().control;
        return internal::ClaimPosition(control.claim_word.load()) ==
               control.release_position.load();
      }
      const MessageIdentity identity = IdentityOf(lease->payload());
      const uint64_t stream = identity.stream;
      EXPECT_EQ(CheckMessage(identity, lease->payload()), "");
      if (next[stream] == 0) {
        EXPECT_GE(identity.number, board[kReleased + stream].load());
        EXPECT_LE(identity.number, board[kReleasing + stream].load());
      } else {
        EXPECT_EQ(identity.number, next[stream]);
      }
      next[stream] = identity.number + 1;
    }
  }));
  for (size_t stream = 0; stream < kStreams; ++stream) {
    const uint64_t committed = board[kCommitted + stream].load();
    if (next[stream] != 0) {
      EXPECT_THAT(next[stream], ::testing::AnyOf(committed, committed + 1)) << "of " << stream;
    } else {
      EXPECT_GE(board[kReleasing + stream].load(), committed) << "of " << stream;
    }
  }
}

}  // namespace
}  // namespace ipmpsc::testing
