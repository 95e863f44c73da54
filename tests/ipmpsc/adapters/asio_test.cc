// Tests AsioReceiver and AsioSender: each documented status code, cancellation, moves, and ends
// that are destroyed while an operation is pending.
#include "gtest/gtest.h"

#ifdef IPMPSC_HAS_ASIO

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "ipmpsc/adapters/asio.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_set.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using absl::StatusCode;
using ::ipmpsc::testing::StatusIs;

// The threads of these tests sleep so that the loop falls asleep before they act, or is met at
// different steps. Another time makes a test weaker, not wrong.
class AsioTest : public SenderFixture {
 protected:
  AsioReceiver MakeReceiver() {
    absl::StatusOr<AsioReceiver> receiver =
        AsioReceiver::Create(io_.get_executor(), AttachReceiver());
    EXPECT_OK(receiver);
    return *std::move(receiver);
  }
  AsioSender MakeSender() {
    absl::StatusOr<AsioSender> sender = AsioSender::Create(io_.get_executor(), Attach());
    EXPECT_OK(sender);
    return *std::move(sender);
  }
  // Runs the loop until it has nothing to do any more.
  void Run() {
    io_.restart();
    io_.run();
  }

  asio::io_context io_;
};

TEST_F(AsioTest, AHandlerNeverRunsInTheFunctionThatStarts) {
  AsioReceiver receiver = MakeReceiver();
  ASSERT_OK(Attach().TrySend("a"));
  std::string text;
  async_receive(receiver, [&](absl::StatusOr<Lease> lease) {
    if (lease.ok()) text = std::string(lease->payload());
  });
  EXPECT_EQ(text, "");
  Run();
  EXPECT_EQ(text, "a");
}

TEST_F(AsioTest, AMessageCompletesAReceive) {
  AsioReceiver receiver = MakeReceiver();
  Sender sender = Attach();
  for (int i = 0; i < 10; ++i) {
    std::string text;
    async_receive(receiver, [&](absl::StatusOr<Lease> lease) {
      if (lease.ok()) text = std::string(lease->payload());
    });
    std::thread sends([&] {
      absl::SleepFor(absl::Milliseconds(i % 3));
      EXPECT_OK(sender.TrySend("a"));
    });
    Run();
    sends.join();
    EXPECT_EQ(text, "a");
  }
}

TEST_F(AsioTest, TheEndCompletesAReceive) {
  AsioReceiver receiver = MakeReceiver();
  absl::Status status;
  async_receive(receiver, [&](absl::StatusOr<Lease> lease) { status = lease.status(); });
  channel_->Close();
  Run();
  EXPECT_THAT(status, StatusIs(StatusCode::kOutOfRange));
}

TEST_F(AsioTest, SpaceCompletesASend) {
  AsioReceiver receiver = MakeReceiver();
  AsioSender sender = MakeSender();
  const std::string large(3000, 'x');
  absl::Status first = absl::UnknownError(""), second = first;
  async_send(sender, large, [&](absl::Status sent) { first = sent; });
  Run();
  EXPECT_OK(first);
  async_send(sender, large, [&](absl::Status sent) { second = sent; });
  async_receive(receiver, [](absl::StatusOr<Lease> lease) { EXPECT_OK(lease); });
  Run();
  EXPECT_OK(second);
}

TEST_F(AsioTest, ASendIntoALossyChannelDoesNotWait) {
  ChannelOptions options;
  options.capacity = 4096;
  options.on_full = OnFull::kDropNewest;
  ASSERT_OK_AND_ASSIGN(Channel lossy, Channel::CreateAnonymous(options));
  channel_ = std::move(lossy);
  AsioSender sender = MakeSender();
  const std::string large(3000, 'x');
  ASSERT_OK(sender.sender().TrySend(large));
  absl::Status status;
  async_send(sender, large, [&](absl::Status sent) { status = sent; });
  io_.poll();
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(sender.sender().dropped(), 1u);
}

TEST_F(AsioTest, ASendThatCanNeverFitFails) {
  AsioSender sender = MakeSender();
  absl::Status status;
  const std::string large(5000, 'x');
  async_send(sender, large, [&](absl::Status sent) { status = sent; });
  Run();
  EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(AsioTest, CancelCompletesWithCancelled) {
  AsioReceiver receiver = MakeReceiver();
  AsioSender sender = MakeSender();
  ASSERT_OK(sender.sender().TrySend(std::string(3000, 'x')));
  ASSERT_OK_AND_ASSIGN(const Lease held, receiver.receiver().TryReceive());
  absl::Status received, sent;
  const std::string large(3000, 'y');
  async_receive(receiver, [&](absl::StatusOr<Lease> lease) { received = lease.status(); });
  async_send(sender, large, [&](absl::Status status) { sent = status; });
  io_.poll();
  receiver.cancel();
  sender.cancel();
  Run();
  EXPECT_THAT(received, StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(sent, StatusIs(StatusCode::kCancelled));
}

TEST_F(AsioTest, ADestroyedEndCancels) {
  std::optional<AsioReceiver> receiver = MakeReceiver();
  absl::Status received;
  async_receive(*receiver, [&](absl::StatusOr<Lease> lease) { received = lease.status(); });
  io_.poll();
  receiver.reset();
  Run();
  EXPECT_THAT(received, StatusIs(StatusCode::kCancelled));
  EXPECT_OK(Receiver::Attach(*channel_));
}

TEST_F(AsioTest, AnEndMoves) {
  AsioReceiver receiver = MakeReceiver();
  AsioReceiver moved(std::move(receiver));
  absl::StatusOr<Lease> lease = absl::UnknownError("");
  async_receive(moved, [&](absl::StatusOr<Lease> result) { lease = std::move(result); });
  ASSERT_OK(Attach().TrySend("a"));
  Run();
  EXPECT_OK(lease);
}

TEST_F(AsioTest, OtherCompletionTokensWork) {
  AsioReceiver receiver = MakeReceiver();
  std::future<absl::StatusOr<Lease>> lease = async_receive(receiver, asio::use_future);
  ASSERT_OK(Attach().TrySend("a"));
  Run();
  ASSERT_EQ(lease.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_OK(lease.get());
}

TEST_F(AsioTest, AMemberOfAWaitSetIsRefused) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  ASSERT_OK_AND_ASSIGN(WaitSet set, WaitSet::Create());
  ASSERT_OK(set.Add(receiver, 1));
  ASSERT_OK(set.Add(sender, 1, 2));
  EXPECT_THAT(AsioReceiver::Create(io_.get_executor(), std::move(receiver)).status(),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(AsioSender::Create(io_.get_executor(), std::move(sender)).status(),
              StatusIs(StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace ipmpsc

#else

TEST(AsioTest, Skipped) { GTEST_SKIP() << "Asio is not installed"; }

#endif
