// Closes and replaces channels under senders at full speed, in real processes. The receiver gets
// exactly the messages whose send returned OK, and then the end.
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/message.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

constexpr uint64_t kSenders = 3;
constexpr int kRounds = 60;

// Cells of the board, by stream: the number of sends that returned OK, and the final status code.
constexpr size_t kAccepted = 0;
constexpr size_t kCode = 100;
constexpr size_t kGo = 200;

// Sends in turn one message, a batch of two and a loan, until an error.
absl::Status SendUntilTheEnd(Sender* sender, uint64_t stream, std::atomic<uint64_t>* accepted) {
  for (uint64_t number = 0;;) {
    const std::string first = MessageBytes({stream, number}, 16 + number % 100);
    uint64_t count = 1;
    absl::Status sent;
    switch (number % 4) {
      case 1: {
        const std::string second = MessageBytes({stream, number + 1}, 16);
        const absl::string_view both[] = {first, second};
        sent = sender->SendBatch(both, kPatience);
        count = 2;
        break;
      }
      case 3: {
        absl::StatusOr<Loan> loan = sender->Claim(first.size(), kPatience);
        sent = loan.status();
        if (!loan.ok()) break;
        first.copy(loan->payload().data(), first.size());
        std::move(*loan).Publish();
        break;
      }
      default:
        sent = sender->Send(first, kPatience);
    }
    if (!sent.ok()) return sent;
    number += count;
    accepted->store(number);
  }
}

class EndRaceTest : public ::testing::TestWithParam<bool> {
 protected:
  static bool replaces() { return GetParam(); }

  ChannelOptions Options() {
    ChannelOptions options;
    // Leaves space for all messages, or makes senders sleep for space when the end comes.
    options.capacity = random_() % 2 == 0 ? 4096 : uint64_t{1} << 20;
    options.max_senders = 2 * kSenders;
    options.exist_policy = ExistPolicy::kReplace;
    return options;
  }

  void Round() {
    const std::string path = PathOnDisk("channel");
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path, Options()));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    const Board board;
    std::vector<ChildProcess> children;
    for (uint64_t stream = 0; stream < kSenders; ++stream) {
      children.push_back(ChildProcess::Fork([&] {
        absl::StatusOr<Sender> sender = Sender::Attach(channel);
        // The sender may attach after the end, which is then the error.
        const absl::Status end = sender.ok()
                                     ? SendUntilTheEnd(&*sender, stream, &board[kAccepted + stream])
                                     : sender.status();
        board[kCode + stream].store(static_cast<uint64_t>(end.code()));
        return 0;
      }));
    }
    const ChannelOptions options = Options();
    const uint64_t enough = random_() % 200;
    children.push_back(ChildProcess::Fork([&] {
      while (board[kGo].load() == 0) absl::SleepFor(absl::Microseconds(20));
      if (!replaces()) {
        Channel(channel).Close();
        return 0;
      }
      return Channel::Create(path, options).ok() ? 0 : 1;
    }));
    Ledger ledger;
    absl::Status end;
    for (;;) {
      const absl::StatusOr<Lease> lease = receiver.Receive(kPatience);
      end = lease.status();
      if (!lease.ok()) break;
      ASSERT_EQ(ledger.Enter(lease->payload()), "");
      if (ledger.total() >= enough) board[kGo].store(1);
    }
    EXPECT_THAT(end,
                StatusIs(replaces() ? absl::StatusCode::kAborted : absl::StatusCode::kOutOfRange));
    for (ChildProcess& child : children) EXPECT_EQ(child.Wait(), "exited 0");
    for (uint64_t stream = 0; stream < kSenders; ++stream) {
      EXPECT_EQ(ledger.received(stream), board[kAccepted + stream].load()) << "stream " << stream;
      EXPECT_EQ(static_cast<absl::StatusCode>(board[kCode + stream].load()),
                replaces() ? absl::StatusCode::kAborted : absl::StatusCode::kFailedPrecondition);
    }
    // The end is permanent.
    EXPECT_THAT(receiver.TryReceive(), StatusIs(end.code()));
  }

  std::mt19937_64 random_{static_cast<uint64_t>(getpid())};
};

TEST_P(EndRaceTest, AcceptedMessagesAreReceivedBeforeTheEnd) {
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    ASSERT_NO_FATAL_FAILURE(Round());
  }
}

INSTANTIATE_TEST_SUITE_P(ClosedAndReplaced, EndRaceTest, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& info) {
                           return info.param ? "Replaced" : "Closed";
                         });

}  // namespace
}  // namespace ipmpsc::testing
