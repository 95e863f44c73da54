// Tests SIGKILL of senders at any instant. Committed messages arrive, uncommitted ones never do,
// and no survivor is blocked.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
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
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
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

using ::testing::AnyOf;
using ::testing::Eq;

// The longest time for which the dead may delay survivors. The documented bound is 0.1 s. The rest
// allows for a busy machine.
constexpr absl::Duration kHeldUp = absl::Seconds(5);

ChannelOptions Options(uint64_t capacity, uint32_t max_senders) {
  ChannelOptions options;
  options.capacity = capacity;
  options.max_senders = max_senders;
  return options;
}

// A surviving receiver, and a ledger of its messages.
class Survivor {
 public:
  explicit Survivor(Receiver receiver) : receiver_(std::move(receiver)) {}

  // Receives until `deadline`.
  void ReceiveUntil(Deadline deadline) {
    do {
      absl::StatusOr<Lease> lease = receiver_.Receive(deadline);
      if (absl::IsDeadlineExceeded(lease.status())) return;
      ASSERT_OK(lease);
      const std::string wrong = ledger_.Enter(lease->payload());
      ASSERT_EQ(wrong, "") << "at position " << lease->position();
    } while (!deadline.Passed());
  }

  // Receives after the death of all senders, until nothing is claimed any more.
  void ReceiveTheRest() {
    const internal::ControlBlock& control =
        *internal::ChannelAccess::SegmentOf(receiver_.channel())->ring().control;
    const bool emptied = Await(
        [&] {
          ReceiveUntil(absl::ZeroDuration());
          return ::testing::Test::HasFatalFailure() ||
                 internal::ClaimPosition(control.claim_word.load()) ==
                     control.release_position.load();
        },
        kHeldUp);
    EXPECT_TRUE(emptied) << "held up by the dead";
  }

  // A stream that ended by a death has all committed messages and at most one more.
  void ExpectAllOf(uint64_t stream, uint64_t committed) const {
    EXPECT_THAT(ledger_.received(stream), AnyOf(Eq(committed), Eq(committed + 1)))
        << "of stream " << stream;
  }

  Ledger& ledger() { return ledger_; }
  Receiver& receiver() { return receiver_; }

 private:
  Receiver receiver_;
  Ledger ledger_;
};

// --- Killed at random instants, at full speed ---

struct RandomDeaths {
  int senders;     // at a time
  int deaths;      // in all
  int at_once;     // killed together
  size_t largest;  // message
  bool executed;   // as programs of their own; else forked only
};

class RandomDeathsTest : public ::testing::TestWithParam<RandomDeaths> {};

TEST_P(RandomDeathsTest, CommittedMessagesArriveAndSurvivorsContinue) {
  const RandomDeaths& plan = GetParam();
  const std::string path = PathOnDisk("deaths");
  // One spare slot, so that a successor need not wait for the recovery of its predecessor's slot.
  ASSERT_OK_AND_ASSIGN(
      const Channel channel,
      Channel::Create(path, Options(4096, static_cast<uint32_t>(plan.senders) + 1)));
  const Board board;  // one cell for each stream
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  Survivor survivor(std::move(receiver));
  std::mt19937_64 random(::testing::UnitTest::GetInstance()->random_seed() + getpid());

  uint64_t streams = 0;
  std::vector<std::pair<uint64_t, ChildProcess>> forked;
  std::vector<std::pair<uint64_t, Peer>> executed;
  const auto start = [&] {
    const uint64_t stream = streams++;
    if (plan.executed) {
      Peer peer(board);
      peer.Tell("open " + path);
      peer.Tell("attach_sender 20000");
      peer.Tell(absl::StrCat("flood ", stream, " 0 16 ", plan.largest, " 0 ", stream, " 10000"));
      executed.emplace_back(stream, std::move(peer));
      return;
    }
    forked.emplace_back(stream, ChildProcess::Fork([&] {
                          absl::StatusOr<Sender> sender = AttachSender(channel, kPatience);
                          FloodPlan flood;
                          flood.stream = stream;
                          flood.least_size = kIdentitySize;
                          flood.most_size = plan.largest;
                          if (sender.ok()) (void)Flood(&*sender, flood, &board[stream]);
                          return 1;
                        }));
  };
  const auto kill_oldest = [&] {
    if (plan.executed) {
      executed.erase(executed.begin());
    } else {
      forked.erase(forked.begin());
    }
  };

  for (int i = 0; i < plan.senders; ++i) start();
  for (int deaths = 0; deaths < plan.deaths;) {
    // The next victim has sent something, so it is at work.
    const uint64_t next =
        plan.executed ? executed[plan.at_once - 1].first : forked[plan.at_once - 1].first;
    const bool at_work = Await([&] {
      survivor.ReceiveUntil(absl::Microseconds(100));
      return HasFatalFailure() || board[next].load() > 0;
    });
    if (HasFatalFailure()) return;
    ASSERT_TRUE(at_work) << "stream " << next << " is held up after " << deaths << " deaths";
    survivor.ReceiveUntil(absl::Microseconds(static_cast<int64_t>(random() % 1000)));
    if (HasFatalFailure()) return;
    for (int i = 0; i < plan.at_once; ++i) {
      kill_oldest();
      start();
      ++deaths;
    }
  }
  forked.clear();
  executed.clear();
  survivor.ReceiveTheRest();
  for (uint64_t stream = 0; stream < streams; ++stream) {
    survivor.ExpectAllOf(stream, board[stream].load());
  }
  // All slots are free again.
  std::vector<Sender> senders;
  for (int i = 0; i <= plan.senders; ++i) {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    senders.push_back(std::move(sender));
  }
}

INSTANTIATE_TEST_SUITE_P(Deaths, RandomDeathsTest,
                         ::testing::Values(RandomDeaths{1, 100, 1, 200, false},
                                           RandomDeaths{3, 200, 1, 200, false},
                                           RandomDeaths{3, 100, 1, 4080, false},
                                           RandomDeaths{6, 102, 3, 200, false},
                                           RandomDeaths{2, 20, 1, 200, true}));

// --- Killed while they hold a loan ---

class LoanDeathsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = PathOnDisk("loans");
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, Options(4096, kSenders)));
    channel_.push_back(channel);
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    survivor_.emplace_back(std::move(receiver));
    for (uint32_t i = 0; i < kSenders; ++i) StartPeer();
  }

  void StartPeer() {
    peers_.emplace_back(board_);
    ASSERT_OK(peers_.back().Ask("open " + path_).status());
    ASSERT_OK(peers_.back().Ask("attach_sender 0").status());
  }

  // Sends the next message of the peer's stream.
  void Send(size_t peer, size_t size) {
    ASSERT_OK(
        peers_[peer].Ask(absl::StrCat("send ", peer, " ", sent_[peer], " ", size, " 0")).status());
    ++sent_[peer];
  }
  void Claim(size_t peer, size_t size) {
    ASSERT_OK(peers_[peer].Ask(absl::StrCat("claim ", size, " 0")).status());
  }

  void ExpectAllArrives() {
    survivor_[0].ReceiveTheRest();
    for (size_t peer = 0; peer < kSenders; ++peer) {
      EXPECT_EQ(survivor_[0].ledger().received(peer), sent_[peer]) << "of peer " << peer;
    }
  }

  static constexpr uint32_t kSenders = 4;
  std::string path_;
  Board board_;
  std::vector<Channel> channel_;
  std::vector<Survivor> survivor_;
  std::vector<Peer> peers_;
  uint64_t sent_[kSenders] = {};
};

TEST_F(LoanDeathsTest, ReceiverStepsOverTheLoanOfADeadSender) {
  Send(1, 100);
  Claim(0, 500);
  Send(1, 100);
  Send(2, 16);
  // The loan's owner lives, so the receiver waits for it.
  survivor_[0].ReceiveUntil(absl::Milliseconds(50));
  EXPECT_EQ(survivor_[0].ledger().received(1), 1u);
  EXPECT_EQ(survivor_[0].ledger().received(2), 0u);
  peers_[0].Kill();
  ExpectAllArrives();
}

TEST_F(LoanDeathsTest, SendersDieWhileTheReceiverSleeps) {
  Claim(0, 500);
  Send(1, 100);
  ChildProcess killer = ChildProcess::Fork([&, victim = peers_[0].pid()] {
    const internal::ControlBlock& control =
        *internal::ChannelAccess::SegmentOf(channel_[0])->ring().control;
    if (!Await([&] { return internal::IsReceiverWaiting(control); })) return 1;
    return kill(victim, SIGKILL) == 0 ? 0 : 2;
  });
  // The orphan is not stepped over before the survivor's message is received.
  absl::StatusOr<Lease> lease = survivor_[0].receiver().Receive(kHeldUp);
  ASSERT_OK(lease);
  EXPECT_EQ(survivor_[0].ledger().Enter(lease->payload()), "");
  EXPECT_EQ(killer.Wait(), "exited 0");
  std::move(*lease).Release();
  ExpectAllArrives();
}

TEST_F(LoanDeathsTest, SeveralInARow) {
  Claim(0, 100);
  Claim(1, 2000);
  Claim(2, 0);
  Send(3, 100);
  for (const int peer : {2, 0, 1}) peers_[peer].Kill();
  ExpectAllArrives();
}

TEST_F(LoanDeathsTest, SeveralBetweenMessages) {
  Claim(0, 100);
  Send(3, 100);
  Claim(1, 1000);
  Send(3, 200);
  Send(3, 300);
  Claim(2, 17);
  for (const int peer : {0, 1, 2}) peers_[peer].Kill();
  ExpectAllArrives();
}

TEST_F(LoanDeathsTest, TheWholeRing) {
  for (int lap = 0; lap < 3; ++lap) {
    Claim(0, 4096 - 16);
    // A sender waits for the space that only a death frees.
    peers_[1].Tell(absl::StrCat("send 1 ", sent_[1]++, " 4080 20000"));
    peers_[0].Kill();
    ASSERT_TRUE(Await(
        [&] {
          survivor_[0].ReceiveUntil(absl::ZeroDuration());
          return survivor_[0].ledger().received(1) == sent_[1];
        },
        kHeldUp))
        << "held up by the dead";
    EXPECT_OK(peers_[1].Answer().status());
    peers_.erase(peers_.begin());
    StartPeer();
    std::rotate(peers_.begin(), peers_.end() - 1, peers_.end());
  }
  ExpectAllArrives();
}

TEST_F(LoanDeathsTest, AcrossTheEndOfTheData) {
  // 3 * 1216 + 916 > 4096
  for (int i = 0; i < 3; ++i) {
    Send(1, 1200);
    survivor_[0].ReceiveUntil(absl::ZeroDuration());
  }
  Claim(0, 900);
  Send(2, 900);
  peers_[0].Kill();
  ExpectAllArrives();
}

TEST_F(LoanDeathsTest, TheirSlotsAreFreeOnceTheirClaimsAreReleased) {
  Claim(0, 100);
  peers_[0].Kill();
  // The remains of the claim tell its size.
  EXPECT_THAT(Sender::Attach(channel_[0]), StatusIs(absl::StatusCode::kResourceExhausted));
  ExpectAllArrives();
  EXPECT_OK(Sender::Attach(channel_[0]));
}

TEST_F(LoanDeathsTest, MoreSendersDieWhileTheReceiverHoldsLeases) {
  Send(3, 100);
  Send(3, 100);
  Claim(0, 100);
  Send(3, 100);
  absl::StatusOr<Lease> first = survivor_[0].receiver().TryReceive();
  absl::StatusOr<Lease> second = survivor_[0].receiver().TryReceive();
  ASSERT_OK(first);
  ASSERT_OK(second);
  peers_[0].Kill();
  absl::StatusOr<Lease> third = survivor_[0].receiver().Receive(kHeldUp);
  ASSERT_OK(third);
  // The orphan lies between held leases.
  EXPECT_THAT(Sender::Attach(channel_[0]), StatusIs(absl::StatusCode::kResourceExhausted));
  for (auto* lease : {&second, &first, &third}) {
    std::move(**lease).Release();
  }
  EXPECT_OK(Sender::Attach(channel_[0]));
}

// --- Thousands ---

TEST(ManyDeathsTest, NeitherSlotsNorSpaceLeak) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(Options(4096, 2)));
  const Board board;
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  Survivor survivor(std::move(receiver));
  // The number can be lower where the test is repeated often.
  const char* given = getenv("IPMPSC_TEST_DEATHS");
  const uint64_t deaths = given != nullptr ? strtoull(given, nullptr, 10) : 2000;
  std::vector<ChildProcess> living;
  for (uint64_t stream = 0; stream < deaths; ++stream) {
    living.push_back(ChildProcess::Fork([&] {
      absl::StatusOr<Sender> sender = AttachSender(channel, kPatience);
      if (!sender.ok()) return 1;
      const std::string bytes = MessageBytes({stream, 0}, 16 + stream % 500);
      if (stream % 4 != 0) {
        if (!sender->Send(bytes, kPatience).ok()) return 2;
        board[stream].store(1);
      }
      if (stream % 3 != 0) {
        absl::StatusOr<Loan> loan = sender->Claim(stream % 1500, kPatience);
        if (!loan.ok()) return 3;
        raise(SIGKILL);
      }
      raise(SIGKILL);
      return 4;
    }));
    // There are two slots, so two senders live at a time.
    if (living.size() < 2) continue;
    std::string end;
    const bool died = Await([&] {
      survivor.ReceiveUntil(absl::Microseconds(50));
      end = living.front().Wait(absl::ZeroDuration());
      return HasFatalFailure() || end != "still lives";
    });
    if (HasFatalFailure()) return;
    ASSERT_TRUE(died && end == absl::StrCat("killed by ", SIGKILL))
        << end << " after " << stream << " deaths";
    living.erase(living.begin());
  }
  EXPECT_EQ(living.front().Wait(), absl::StrCat("killed by ", SIGKILL));
  survivor.ReceiveTheRest();
  for (uint64_t stream = 0; stream < deaths; ++stream) {
    EXPECT_EQ(survivor.ledger().received(stream), board[stream].load()) << "of stream " << stream;
  }
  // All space and both slots are free.
  ASSERT_OK_AND_ASSIGN(Sender first, Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(const Sender second, Sender::Attach(channel));
  EXPECT_OK(first.TrySend(MessageBytes({deaths, 0}, channel.max_payload())));
}

}  // namespace
}  // namespace ipmpsc::testing
