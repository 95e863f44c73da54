// Tests Receiver::Fd, Sender::Fd and Interrupt: an end in a loop of the program's own, and an end
// whose wait another thread or a signal handler ends.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_set.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using absl::StatusCode;
using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::kPatience;
using ::ipmpsc::testing::StatusIs;

bool IsReadable(int fd, absl::Duration timeout = absl::ZeroDuration()) {
  pollfd polled = {fd, POLLIN, 0};
  int result;
  do {
    result = poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  } while (result < 0 && errno == EINTR);
  return result == 1;
}

// Leaves this process no descriptor. For a forked child.
void UseUpDescriptors() {
  const rlimit none = {3, 3};
  setrlimit(RLIMIT_NOFILE, &none);
}

class WaitEndsTest : public SenderFixture {};

TEST_F(WaitEndsTest, ReceiverFdBecomesReadableForEachMessage) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  ASSERT_OK_AND_ASSIGN(const int fd, receiver.Fd());
  EXPECT_TRUE(IsReadable(fd)) << "not armed yet";
  ASSERT_OK_AND_ASSIGN(const int again, receiver.Fd());
  EXPECT_EQ(fd, again);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(receiver.Arm());
    EXPECT_FALSE(IsReadable(fd));
    ASSERT_OK(sender.TrySend("a"));
    EXPECT_TRUE(IsReadable(fd, kPatience));
    EXPECT_FALSE(receiver.Arm()) << "there is a message";
    EXPECT_TRUE(IsReadable(fd));
    EXPECT_OK(receiver.TryReceive());
  }
}

TEST_F(WaitEndsTest, ReceiverFdBecomesReadableAtTheEnd) {
  Receiver receiver = AttachReceiver();
  ASSERT_OK_AND_ASSIGN(const int fd, receiver.Fd());
  ASSERT_TRUE(receiver.Arm());
  channel_->Close();
  EXPECT_TRUE(IsReadable(fd, kPatience));
  EXPECT_THAT(receiver.TryReceive(), StatusIs(StatusCode::kOutOfRange));
}

TEST_F(WaitEndsTest, AReceiverMovesWithItsFd) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  ASSERT_OK_AND_ASSIGN(const int fd, receiver.Fd());
  ASSERT_TRUE(receiver.Arm());
  Receiver moved(std::move(receiver));
  ASSERT_OK(sender.TrySend("a"));
  EXPECT_TRUE(IsReadable(fd, kPatience));
  EXPECT_FALSE(moved.Arm());
  EXPECT_OK(moved.TryReceive());
  EXPECT_TRUE(moved.Arm());
}

TEST_F(WaitEndsTest, AMemberOfAWaitSetHasNoFdOfItsOwn) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  ASSERT_OK_AND_ASSIGN(WaitSet set, WaitSet::Create());
  ASSERT_OK(set.Add(receiver, 1));
  ASSERT_OK(set.Add(sender, 10, 2));
  EXPECT_THAT(receiver.Fd(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(sender.Fd(10), StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_OK(set.Remove(receiver));
  EXPECT_OK(receiver.Fd());
  EXPECT_THAT(set.Add(receiver, 1), StatusIs(StatusCode::kAlreadyExists));
}

TEST_F(WaitEndsTest, AForkedChildGetsNoFd) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  EXPECT_EQ(InChild([&] {
              return absl::StrCat(receiver.Fd().status().code(), sender.Fd(10).status().code());
            }),
            "99")
      << "kFailedPrecondition, twice";
}

TEST_F(WaitEndsTest, WithoutDescriptorsThereIsNoFd) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  EXPECT_EQ(InChild([&] {
              absl::StatusOr<Channel> channel = Channel::CreateAnonymous({});
              if (!channel.ok()) return channel.status().ToString();
              absl::StatusOr<Receiver> attached = Receiver::Attach(*channel);
              absl::StatusOr<Sender> attached_sender = Sender::Attach(*channel);
              if (!attached.ok() || !attached_sender.ok()) return std::string("cannot attach");
              UseUpDescriptors();
              return absl::StrCat(attached->Fd().status().code(), " ",
                                  attached_sender->Fd(10).status().code(), " ",
                                  WaitSet::Create().status().code());
            }),
            "8 8 8")
      << "kResourceExhausted";
}

// The set of the sender may exist where its descriptor does not.
TEST_F(WaitEndsTest, ASenderWithoutItsFdIsNotArmed) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(3000, 'a')));
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit limit = before;
  int armed_in_vain = 0;
  for (limit.rlim_cur = 3; limit.rlim_cur <= before.rlim_cur; ++limit.rlim_cur) {
    setrlimit(RLIMIT_NOFILE, &limit);
    if (sender.Fd(2000).ok()) break;
    armed_in_vain += sender.Arm();
  }
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(armed_in_vain, 0);
  EXPECT_TRUE(sender.Arm());
}

// Spins for up to some microseconds, so that the other thread is met at each of its steps.
class RandomSpin {
 public:
  void operator()() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    for (uint64_t spin = state_ >> 51; spin > 0; --spin) {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  }

 private:
  uint64_t state_ = 1;
};

// A message that comes at any time between a drain and a sleep ends the sleep. The next message
// comes only after it, since it would make up for a wake that is missed.
TEST_F(WaitEndsTest, NoCommitIsMissedBetweenDrainAndSleep) {
  constexpr uint64_t kMessages = 20'000;
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  std::atomic<uint64_t> received{0};
  std::thread sends([&] {
    RandomSpin spin;
    for (uint64_t i = 0; i < kMessages; ++i) {
      while (received.load() < i) std::this_thread::yield();
      spin();
      ASSERT_OK(sender.TrySend(absl::StrCat(i)));
    }
  });
  ASSERT_OK_AND_ASSIGN(const int fd, receiver.Fd());
  for (uint64_t next = 0; next < kMessages;) {
    absl::StatusOr<Lease> lease = receiver.TryReceive();
    if (lease.ok()) {
      EXPECT_EQ(lease->payload(), absl::StrCat(next));
      std::move(*lease).Release();
      received.store(++next);
      continue;
    }
    ASSERT_THAT(lease, StatusIs(StatusCode::kUnavailable));
    if (receiver.Arm() && !IsReadable(fd, kPatience)) {
      ADD_FAILURE() << "missed message " << next;
    }
  }
  sends.join();
}

TEST_F(WaitEndsTest, SenderFdBecomesReadableForSpace) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  EXPECT_FALSE(sender.Arm()) << "Fd was not called";
  EXPECT_THAT(sender.Fd(5000), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const int fd, sender.Fd(2000));
  EXPECT_FALSE(sender.Arm()) << "there is space";
  ASSERT_OK(sender.TrySend(std::string(2000, 'a')));
  ASSERT_OK(sender.TrySend(std::string(1000, 'b')));
  // The look after 100 ms makes it readable, too. A test that is held up for so long tries again.
  EXPECT_TRUE(Await([&] { return sender.Arm() && !IsReadable(fd); }));
  // Another size: the same descriptor.
  ASSERT_OK_AND_ASSIGN(const int same, sender.Fd(100));
  EXPECT_EQ(same, fd);
  EXPECT_FALSE(sender.Arm()) << "there is space for 100";
  ASSERT_OK(sender.Fd(2000));
  ASSERT_TRUE(sender.Arm());
  ASSERT_OK(receiver.TryReceive());
  EXPECT_TRUE(IsReadable(fd, kPatience));
  EXPECT_OK(sender.TrySend(std::string(2000, 'c')));
}

TEST_F(WaitEndsTest, SenderFdIsUnreadableWhileALoanIsOpen) {
  Sender sender = Attach();
  ASSERT_OK_AND_ASSIGN(const int fd, sender.Fd(100));
  std::optional<Loan> loan;
  {
    ASSERT_OK_AND_ASSIGN(Loan claimed, sender.TryClaim(10));
    loan.emplace(std::move(claimed));
  }
  EXPECT_TRUE(sender.Arm());
  EXPECT_FALSE(IsReadable(fd));
  loan.reset();
  EXPECT_FALSE(sender.Arm());
}

TEST_F(WaitEndsTest, SenderFdBecomesReadableAtTheEnd) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(3000, 'a')));
  ASSERT_OK_AND_ASSIGN(const int fd, sender.Fd(2000));
  ASSERT_TRUE(sender.Arm());
  channel_->Close();
  EXPECT_TRUE(IsReadable(fd, kPatience));
  EXPECT_THAT(sender.TrySend("a"), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(WaitEndsTest, NoSpaceIsMissedBetweenTryAndSleep) {
  constexpr uint64_t kMessages = 5'000;
  const std::string bytes(1000, 'x');
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  std::thread receives([&] {
    for (uint64_t i = 0; i < kMessages; ++i) ASSERT_OK(receiver.Receive(kPatience));
  });
  ASSERT_OK_AND_ASSIGN(const int fd, sender.Fd(bytes.size()));
  for (uint64_t sent = 0; sent < kMessages;) {
    const absl::Status status = sender.TrySend(bytes);
    if (status.ok()) {
      ++sent;
      continue;
    }
    ASSERT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
    if (sender.Arm()) {
      ASSERT_TRUE(IsReadable(fd, kPatience)) << "missed after message " << sent;
    }
  }
  receives.join();
}

// --- Interrupt ---

TEST_F(WaitEndsTest, InterruptEndsOneReceive) {
  Receiver receiver = AttachReceiver();
  receiver.Interrupt();
  receiver.Interrupt();
  EXPECT_THAT(receiver.Receive(kPatience), StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(5)), StatusIs(StatusCode::kDeadlineExceeded));
}

TEST_F(WaitEndsTest, AReceiveThatFindsAMessageReturnsIt) {
  Receiver receiver = AttachReceiver();
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend("a"));
  receiver.Interrupt();
  EXPECT_OK(receiver.Receive(kPatience));
  EXPECT_THAT(receiver.TryReceive(), StatusIs(StatusCode::kUnavailable)) << "a poll does not sleep";
  EXPECT_THAT(receiver.Receive(kPatience), StatusIs(StatusCode::kCancelled));
}

TEST_F(WaitEndsTest, InterruptEndsOneWaitForSpace) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(3000, 'a')));
  sender.Interrupt();
  sender.Interrupt();
  EXPECT_THAT(sender.Send(std::string(2000, 'b'), kPatience), StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(sender.Send(std::string(2000, 'b'), absl::Milliseconds(5)),
              StatusIs(StatusCode::kDeadlineExceeded));
  sender.Interrupt();
  EXPECT_OK(sender.Send("c", kPatience)) << "there is space, so it does not sleep";
  EXPECT_THAT(sender.Claim(2000, kPatience), StatusIs(StatusCode::kCancelled));
}

TEST_F(WaitEndsTest, InterruptEndsEveryCallThatWaits) {
  Receiver receiver = AttachReceiver();
  receiver.Interrupt();
  EXPECT_THAT(receiver.ReceiveLatest(kPatience), StatusIs(StatusCode::kCancelled));
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(3000, 'a')));
  const std::string large(2000, 'b');
  const auto write = [](size_t, absl::Span<char>) {};
  sender.Interrupt();
  EXPECT_THAT(sender.SendWhenEmpty("b", kPatience), StatusIs(StatusCode::kCancelled));
  sender.Interrupt();
  EXPECT_THAT(sender.ClaimWhenEmpty(1, kPatience), StatusIs(StatusCode::kCancelled));
  sender.Interrupt();
  EXPECT_THAT(sender.SendBatch({large, "c"}, kPatience), StatusIs(StatusCode::kCancelled));
  sender.Interrupt();
  EXPECT_THAT(sender.WriteBatch({2000, 1}, write, kPatience), StatusIs(StatusCode::kCancelled));
}

// The interrupt meets each step between the check of the flag and the sleep.
TEST_F(WaitEndsTest, ThreadsInterruptAtAnyTime) {
  constexpr int kTimes = 2'000;
  Receiver receiver = AttachReceiver();
  Sender full = Attach();
  ASSERT_OK(full.TrySend(std::string(3000, 'a')));
  ASSERT_OK_AND_ASSIGN(const Lease held, receiver.TryReceive());
  std::atomic<int> begun{0};
  std::atomic<int> sender_begun{0};
  std::thread interrupts([&] {
    for (int i = 1; i <= kTimes; ++i) {
      while (begun.load() < i || sender_begun.load() < i) std::this_thread::yield();
      for (int spin = i % 500; spin > 0; --spin)
        std::atomic_signal_fence(std::memory_order_seq_cst);
      receiver.Interrupt();
      full.Interrupt();
    }
  });
  std::thread sends([&] {
    const std::string large(2000, 'b');
    for (int i = 1; i <= kTimes; ++i) {
      sender_begun.store(i);
      ASSERT_THAT(full.Send(large, kPatience), StatusIs(StatusCode::kCancelled));
    }
  });
  for (int i = 1; i <= kTimes; ++i) {
    begun.store(i);
    ASSERT_THAT(receiver.Receive(kPatience), StatusIs(StatusCode::kCancelled)) << i;
  }
  sends.join();
  interrupts.join();
}

// Calls `target` in a signal handler, again and again until the object is gone.
class InterruptingTimer {
 public:
  explicit InterruptingTimer(void (*target)()) {
    target_ = target;
    struct sigaction action = {};
    action.sa_handler = [](int) { target_(); };
    sigaction(SIGALRM, &action, &before_);
    const itimerval every = {{0, 3'000}, {0, 3'000}};
    setitimer(ITIMER_REAL, &every, nullptr);
  }
  ~InterruptingTimer() {
    const itimerval none = {};
    setitimer(ITIMER_REAL, &none, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  static void (*target_)();
  struct sigaction before_;
};
void (*InterruptingTimer::target_)() = nullptr;

TEST_F(WaitEndsTest, ASignalHandlerInterrupts) {
  static Receiver* receiver;
  static Sender* sender;
  static WaitSet* set;
  Receiver own_receiver = AttachReceiver();
  Sender own_sender = Attach();
  ASSERT_OK(own_sender.TrySend(std::string(3000, 'a')));
  ASSERT_OK_AND_ASSIGN(const Lease held, own_receiver.TryReceive());
  ASSERT_OK_AND_ASSIGN(WaitSet own_set, WaitSet::Create());
  receiver = &own_receiver;
  sender = &own_sender;
  set = &own_set;
  {
    const InterruptingTimer timer([] { receiver->Interrupt(); });
    for (int i = 0; i < 10; ++i) {
      EXPECT_THAT(receiver->Receive(kPatience), StatusIs(StatusCode::kCancelled));
    }
  }
  {
    const InterruptingTimer timer([] { sender->Interrupt(); });
    for (int i = 0; i < 10; ++i) {
      EXPECT_THAT(sender->Send(std::string(2000, 'b'), kPatience),
                  StatusIs(StatusCode::kCancelled));
    }
  }
  {
    const InterruptingTimer timer([] { set->Interrupt(); });
    Ready ready;
    for (int i = 0; i < 10; ++i) {
      EXPECT_THAT(set->Wait(kPatience, absl::MakeSpan(&ready, 1)),
                  StatusIs(StatusCode::kCancelled));
    }
  }
}

}  // namespace
}  // namespace ipmpsc
