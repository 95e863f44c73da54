// Tests CoroutineLoop: each documented status code, exceptions, and coroutines that are destroyed
// while they wait.
#include "ipmpsc/adapters/coroutine.h"

#include "gtest/gtest.h"

#ifdef __cpp_impl_coroutine

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_set.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using absl::StatusCode;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::kPatience;
using ::ipmpsc::testing::StatusIs;
using ::testing::ElementsAre;

// The threads of these tests sleep so that the loop falls asleep before they act, or is met at
// different steps. Another time makes a test weaker, not wrong.
class CoroutineTest : public SenderFixture {
 protected:
  CoroutineTest() {
    absl::StatusOr<std::unique_ptr<CoroutineLoop>> loop = CoroutineLoop::Create();
    EXPECT_OK(loop);
    loop_ = *std::move(loop);
    receiver_.emplace(AttachReceiver());
    sender_.emplace(Attach());
  }

  Task ReceiveOne(std::vector<std::string>* texts, Deadline deadline = Deadline::Never()) {
    const absl::StatusOr<Lease> lease = co_await loop_->Receive(*receiver_, deadline);
    texts->push_back(lease.ok() ? std::string(lease->payload())
                                : absl::StatusCodeToString(lease.status().code()));
  }
  Task SendOne(std::string payload, absl::Status* status, Deadline deadline = Deadline::Never()) {
    *status = co_await loop_->Send(*sender_, payload, deadline);
  }

  std::optional<Receiver> receiver_;
  std::optional<Sender> sender_;
  // Destroyed first: its tasks wait for both.
  std::unique_ptr<CoroutineLoop> loop_;
};

TEST_F(CoroutineTest, ALoopWithoutTasksEnds) { EXPECT_OK(loop_->Run()); }

TEST_F(CoroutineTest, AMessageThatIsThereIsReceivedWithoutAWait) {
  ASSERT_OK(sender_->TrySend("a"));
  std::vector<std::string> texts;
  loop_->Spawn(ReceiveOne(&texts));
  EXPECT_THAT(texts, ElementsAre()) << "Run begins it";
  EXPECT_OK(loop_->Run());
  EXPECT_THAT(texts, ElementsAre("a"));
}

TEST_F(CoroutineTest, AMessageResumesAReceiver) {
  std::vector<std::string> texts;
  std::thread sends([&] {
    absl::SleepFor(absl::Milliseconds(10));
    EXPECT_OK(sender_->TrySend("a"));
  });
  loop_->Spawn(ReceiveOne(&texts, kPatience));
  EXPECT_OK(loop_->Run());
  sends.join();
  EXPECT_THAT(texts, ElementsAre("a"));
}

TEST_F(CoroutineTest, SpaceResumesASender) {
  const std::string large(3000, 'x');
  ASSERT_OK(sender_->TrySend(large));
  absl::Status sent = absl::UnknownError("");
  std::vector<std::string> texts;
  loop_->Spawn(SendOne(large, &sent, kPatience));
  loop_->Spawn(ReceiveOne(&texts, kPatience));
  EXPECT_OK(loop_->Run());
  EXPECT_OK(sent);
  EXPECT_THAT(texts, ElementsAre(large));
}

TEST_F(CoroutineTest, ASendIntoALossyChannelDoesNotWait) {
  ChannelOptions options;
  options.capacity = 4096;
  options.on_full = OnFull::kDropNewest;
  ASSERT_OK_AND_ASSIGN(Channel lossy, Channel::CreateAnonymous(options));
  channel_ = std::move(lossy);
  sender_.emplace(Attach());
  const std::string large(3000, 'x');
  ASSERT_OK(sender_->TrySend(large));
  absl::Status sent;
  loop_->Spawn(SendOne(large, &sent, absl::Milliseconds(5)));
  EXPECT_OK(loop_->Run());
  EXPECT_THAT(sent, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(sender_->dropped(), 1u);
}

TEST_F(CoroutineTest, DeadlinesEndWaits) {
  ASSERT_OK(sender_->TrySend(std::string(3000, 'x')));
  ASSERT_OK_AND_ASSIGN(const Lease held, receiver_->TryReceive());
  absl::Status sent;
  std::vector<std::string> texts;
  absl::Status watched;
  const auto watch = [&](int fd) -> Task {
    watched = (co_await loop_->Wait(fd, EPOLLIN, absl::Milliseconds(3))).status();
  };
  const int event = eventfd(0, EFD_CLOEXEC);
  loop_->Spawn(SendOne(std::string(3000, 'y'), &sent, absl::Milliseconds(2)));
  loop_->Spawn(ReceiveOne(&texts, absl::Milliseconds(1)));
  loop_->Spawn(watch(event));
  EXPECT_OK(loop_->Run());
  EXPECT_THAT(sent, StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(texts, ElementsAre("DEADLINE_EXCEEDED"));
  EXPECT_THAT(watched, StatusIs(StatusCode::kDeadlineExceeded));
  close(event);
}

TEST_F(CoroutineTest, ADescriptorResumesItsWaiter) {
  const int event = eventfd(1, EFD_CLOEXEC);
  absl::StatusOr<uint32_t> events;
  absl::Status closed;
  const auto watch = [&](int fd) -> Task {
    events = co_await loop_->Wait(fd, EPOLLIN, kPatience);
    closed = (co_await loop_->Wait(-1, EPOLLIN)).status();
  };
  loop_->Spawn(watch(event));
  EXPECT_OK(loop_->Run());
  ASSERT_OK(events);
  EXPECT_EQ(*events, uint32_t{EPOLLIN});
  EXPECT_THAT(closed, StatusIs(StatusCode::kInvalidArgument));
  close(event);
}

TEST_F(CoroutineTest, TheEndResumesAReceiver) {
  std::vector<std::string> texts;
  loop_->Spawn(ReceiveOne(&texts));
  std::thread closes([&] {
    absl::SleepFor(absl::Milliseconds(5));
    channel_->Close();
  });
  EXPECT_OK(loop_->Run());
  closes.join();
  EXPECT_THAT(texts, ElementsAre("OUT_OF_RANGE"));
}

TEST_F(CoroutineTest, OneCoroutineAtATimeWaitsForAnEnd) {
  std::vector<std::string> first, second;
  loop_->Spawn(ReceiveOne(&first, absl::Milliseconds(5)));
  loop_->Spawn(ReceiveOne(&second));
  EXPECT_OK(loop_->Run());
  EXPECT_THAT(first, ElementsAre("DEADLINE_EXCEEDED"));
  EXPECT_THAT(second, ElementsAre("ALREADY_EXISTS"));
}

TEST_F(CoroutineTest, InterruptEndsRun) {
  std::vector<std::string> texts;
  loop_->Spawn(ReceiveOne(&texts));
  loop_->Interrupt();
  EXPECT_THAT(loop_->Run(), StatusIs(StatusCode::kCancelled));
  ASSERT_OK(sender_->TrySend("a"));
  EXPECT_OK(loop_->Run());
  EXPECT_THAT(texts, ElementsAre("a"));
}

TEST_F(CoroutineTest, AnExceptionLeavesRun) {
  const auto throws = [](CoroutineLoop& loop, Receiver& receiver) -> Task {
    (void)co_await loop.Receive(receiver, absl::Milliseconds(1));
    throw std::runtime_error("from the task");
  };
  loop_->Spawn(throws(*loop_, *receiver_));
  EXPECT_THROW((void)loop_->Run(), std::runtime_error);
  EXPECT_OK(loop_->Run());
}

TEST_F(CoroutineTest, ATaskSpawnsAnother) {
  std::vector<std::string> texts;
  const auto spawns = [&]() -> Task {
    loop_->Spawn(ReceiveOne(&texts));
    co_return;
  };
  ASSERT_OK(sender_->TrySend("a"));
  loop_->Spawn(spawns());
  EXPECT_OK(loop_->Run());
  EXPECT_THAT(texts, ElementsAre("a"));
}

// Says that its coroutine's frame is destroyed.
struct Flag {
  ~Flag() { *set = true; }
  bool* set;
};

TEST_F(CoroutineTest, TheLoopDestroysWaitingTasks) {
  bool destroyed = false, never_begun = false;
  const auto waits = [&](bool* flag) -> Task {
    const Flag set{flag};
    (void)co_await loop_->Receive(*receiver_);
  };
  loop_->Spawn(waits(&destroyed));
  loop_->Interrupt();
  EXPECT_THAT(loop_->Run(), StatusIs(StatusCode::kCancelled));
  EXPECT_FALSE(destroyed);
  loop_->Spawn(waits(&never_begun));
  loop_.reset();
  EXPECT_TRUE(destroyed);
  // The receiver is free again.
  ASSERT_OK_AND_ASSIGN(WaitSet set, WaitSet::Create());
  EXPECT_OK(set.Add(*receiver_, 1));
}

TEST_F(CoroutineTest, ForkedChildrenMayNotRunIt) {
  std::vector<std::string> texts;
  loop_->Spawn(ReceiveOne(&texts));
  loop_->Interrupt();
  EXPECT_THAT(loop_->Run(), StatusIs(StatusCode::kCancelled));
  EXPECT_EQ(InChild([&] { return absl::StrCat(loop_->Run().code()); }), "9")
      << "kFailedPrecondition";
}

}  // namespace
}  // namespace ipmpsc

#else

TEST(CoroutineTest, Skipped) { GTEST_SKIP() << "the compiler has no coroutines"; }

#endif
