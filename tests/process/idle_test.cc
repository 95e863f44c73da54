// Tests that waiting uses almost no processor time.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/peer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

// In milliseconds. A sleeping receiver checks every 10 ms if a claim is unfinished. A sleeping
// sender checks every 100 ms. Each check takes some microseconds. A loop without sleep uses all of
// the time.
constexpr uint64_t kWait = 1500;
constexpr uint64_t kMostPercent = 5;

class IdleTest : public ::testing::Test {
 protected:
  // Two peers on a channel of their own: one waits, and the other makes it wait.
  struct Pair {
    std::string path;
    Peer waiting;
    Peer other;
  };

  Pair NewPair(const std::string& name) {
    ChannelOptions options;
    options.capacity = 4096;
    Pair pair = {PathOnDisk(name), Peer(board_), Peer(board_)};
    EXPECT_OK(Channel::Create(pair.path, options));
    for (Peer* peer : {&pair.waiting, &pair.other})
      EXPECT_OK(peer->Ask("open " + pair.path).status());
    return pair;
  }

  // Lets all waiters wait at the same time for `kWait`.
  struct Waiter {
    std::string name;
    Peer* peer;
    std::string command;
  };
  void ExpectIdle(const std::vector<Waiter>& waiters) {
    std::vector<uint64_t> before;
    for (const Waiter& waiter : waiters) before.push_back(waiter.peer->Ask("cpu").numbers[0]);
    for (const Waiter& waiter : waiters) {
      waiter.peer->Tell(absl::StrCat(waiter.command, " ", kWait));
    }
    for (size_t i = 0; i < waiters.size(); ++i) {
      EXPECT_THAT(waiters[i].peer->Answer().status(), StatusIs(absl::StatusCode::kDeadlineExceeded))
          << waiters[i].name;
      const uint64_t used = waiters[i].peer->Ask("cpu").numbers[0] - before[i];
      EXPECT_LT(used, kWait * 1000 * kMostPercent / 100) << "microseconds, " << waiters[i].name;
    }
  }

  Board board_;
};

TEST_F(IdleTest, WaitingUsesNoProcessorTime) {
  Pair empty = NewPair("empty");
  ASSERT_OK(empty.waiting.Ask("attach_receiver").status());

  Pair loan = NewPair("loan");
  ASSERT_OK(loan.waiting.Ask("attach_receiver").status());
  ASSERT_OK(loan.other.Ask("attach_sender 0").status());
  ASSERT_OK(loan.other.Ask("claim 100 0").status());

  Pair full = NewPair("full");
  ASSERT_OK(full.waiting.Ask("attach_sender 0").status());
  ASSERT_OK(full.waiting.Ask("send 0 0 4080 0").status());
  ASSERT_OK(full.other.Ask("attach_receiver").status());

  Pair closed = NewPair("closed");
  ASSERT_OK(closed.waiting.Ask("attach_receiver").status());
  ASSERT_OK(closed.other.Ask("attach_sender 0").status());
  ASSERT_OK(closed.other.Ask("claim 100 0").status());
  ASSERT_OK(closed.other.Ask("close").status());

  ExpectIdle({{"nothing is there", &empty.waiting, "receive"},
              {"a loan is open", &loan.waiting, "receive"},
              {"the ring is full", &full.waiting, "send 0 1 100"},
              {"closed, and a loan is open", &closed.waiting, "receive"}});
}

}  // namespace
}  // namespace ipmpsc::testing
