// Ends a channel at every point of a receiver's check for the end. The receiver is stepped through
// a receive. At each stop a sender sends and the channel ends. The receiver must get the message
// before the end.
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/stepped_child.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::testing {
namespace {

// Smaller than the number of instructions between the receiver's two checks, even in optimised
// code.
constexpr uint64_t kStepsBetween = 10;

// Cells of the board.
enum : size_t { kReturned, kCode };

// `end` ends the channel after its only sender has sent.
void SendAndEndDuringTheLook(bool end_without_senders,
                             const std::function<void(Channel*, std::optional<Sender>*)>& end) {
  uint64_t places = 0;
  uint64_t received = 0;
  for (bool whole = false; !whole; ++places) {
    Board board;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous({}));
    std::optional<Receiver> receiver;  // of the child
    ASSERT_OK_AND_ASSIGN(Sender attached, Sender::Attach(channel));
    std::optional<Sender> sender = std::move(attached);
    SteppedChild child(
        [&] {
          ReceiverOptions options;
          options.end_without_senders = end_without_senders;
          absl::StatusOr<Receiver> made = Receiver::Attach(channel, options);
          if (!made.ok()) _exit(1);
          receiver.emplace(*std::move(made));
          // Binds symbols and maps pages in advance, so that this work is not stepped through.
          (void)receiver->Receive(absl::ZeroDuration());
        },
        [&] {
          const absl::StatusOr<Lease> lease = receiver->Receive(absl::ZeroDuration());
          board[kCode].store(static_cast<uint64_t>(lease.status().code()));
          board[kReturned].store(1);
        });
    for (uint64_t step = 0; step < places * kStepsBetween && !whole; ++step) whole = !child.Step();
    if (whole) break;
    ASSERT_OK(sender->TrySend("the last one"));
    end(&channel, &sender);
    child.Detach();
    ASSERT_TRUE(Await([&] { return board[kReturned].load() != 0; })) << places;
    const auto code = static_cast<absl::StatusCode>(board[kCode].load());
    received += code == absl::StatusCode::kOk ? 1 : 0;
    // The receiver may have checked before the message came. It then reports that there was none
    // yet.
    EXPECT_THAT(code, ::testing::AnyOf(absl::StatusCode::kOk, absl::StatusCode::kDeadlineExceeded))
        << "at place " << places;
  }
  std::cout << places << " places, received at " << received << " of them\n";
  EXPECT_GT(received, 0u);
  EXPECT_GT(places, 20u);
}

class EndOfStreamStepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why_not = SteppedChild::Unavailable();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
  }
};

TEST_F(EndOfStreamStepTest, LastSenderSendsAndDetachesDuringTheCheck) {
  SendAndEndDuringTheLook(
      /*end_without_senders=*/true,
      [](Channel*, std::optional<Sender>* sender) { sender->reset(); });
}

TEST_F(EndOfStreamStepTest, SenderSendsAndClosesDuringTheCheck) {
  SendAndEndDuringTheLook(
      /*end_without_senders=*/false,
      [](Channel* channel, std::optional<Sender>*) { channel->Close(); });
}

}  // namespace
}  // namespace ipmpsc::testing
