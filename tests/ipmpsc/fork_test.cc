// Tests the effects of a fork on handles. The child cannot use its parent's handles, can have its
// own, and keeps none of its parent's locks alive.
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
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
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ForkTest : public ::testing::Test {
 protected:
  ForkTest() {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 2;
    channel_ = *Channel::CreateAnonymous(options);
  }
  void AttachBoth() {
    sender_.emplace(*Sender::Attach(*channel_));
    receiver_.emplace(*Receiver::Attach(*channel_));
  }
  // Returns the next message, or the error.
  std::string Next() {
    absl::StatusOr<Lease> lease = receiver_->Receive(absl::ZeroDuration());
    return lease.ok() ? std::string(lease->payload()) : lease.status().ToString();
  }

  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
};

TEST_F(ForkTest, InheritedHandlesAreRefusedInTheChild) {
  AttachBoth();
  ASSERT_OK(sender_->TrySend("the parent's"));
  const std::string refused = InChild([this]() -> std::string {
    const absl::Status results[] = {
        sender_->TrySend("x"),
        sender_->Send("x", absl::InfiniteDuration()),
        sender_->SendWhenEmpty("x", absl::InfiniteDuration()),
        sender_->TryClaim(1).status(),
        sender_->Claim(1, absl::InfiniteDuration()).status(),
        receiver_->TryReceive().status(),
        receiver_->Receive(absl::InfiniteDuration()).status(),
        receiver_->Drain([](const Record&) {}).status(),
    };
    for (const absl::Status& status : results) {
      if (status.code() != absl::StatusCode::kFailedPrecondition) return status.ToString();
    }
    return std::string(results[0].message());
  });
  EXPECT_THAT(refused, AllOf(HasSubstr("fork"), HasSubstr("attach anew")));
  EXPECT_EQ(Next(), "the parent's");
  EXPECT_THAT(Next(), HasSubstr("DEADLINE_EXCEEDED"));
}

TEST_F(ForkTest, DestroyedHandlesOfTheChildDoNotAffectTheParent) {
  AttachBoth();
  ASSERT_OK(sender_->TrySend("a"));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver_->TryReceive());
  ASSERT_OK_AND_ASSIGN(Loan loan, sender_->TryClaim(4));
  EXPECT_EQ(InChild([&] {
              { const Loan dropped = std::move(loan); }
              sender_.reset();
              receiver_.reset();
              return std::string("done");
            }),
            "done");
  // The loan is still open, and no slot was freed.
  EXPECT_EQ(lease.payload(), "a");
  EXPECT_THAT(Receiver::Attach(*channel_), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(Next(), HasSubstr("DEADLINE_EXCEEDED"));
  loan.payload()[0] = 'l';
  std::move(loan).Publish(1);
  EXPECT_EQ(Next(), "l");
}

TEST_F(ForkTest, InheritedLeaseReleasesNothingInTheChild) {
  AttachBoth();
  ASSERT_OK(sender_->TrySend(std::string(channel_->max_payload(), 'x')));
  std::optional<Lease> lease(*receiver_->TryReceive());
  EXPECT_EQ(InChild([&] {
              lease.reset();
              return std::string("released");
            }),
            "released");
  EXPECT_THAT(sender_->TrySend(""), StatusIs(absl::StatusCode::kResourceExhausted));
  lease.reset();
  EXPECT_OK(sender_->TrySend(""));
}

TEST_F(ForkTest, DrainThatContinuesInTheChildReleasesNothing) {
  AttachBoth();
  ASSERT_OK(sender_->TrySend(std::string(channel_->max_payload() / 2, 'x')));
  pid_t child = -1;
  ASSERT_OK(receiver_->Drain([&](const Record&) {
    child = fork();
    // The child runs first and ends after the call that returned in it.
    if (child > 0) {
      EXPECT_EQ(ChildProcess::Adopt(child).Wait(), "exited 0");
      const internal::Ring& ring = internal::ChannelAccess::SegmentOf(*channel_)->ring();
      EXPECT_EQ(ring.control->release_position, 0u);
      EXPECT_EQ(ring.receiver_slot->received_records, 0u);
    }
  }));
  if (child == 0) _exit(0);
  EXPECT_NE(internal::ChannelAccess::SegmentOf(*channel_)->ring().control->release_position, 0u);
}

TEST_F(ForkTest, ChildAttachesForItself) {
  AttachBoth();
  EXPECT_EQ(InChild([this]() -> std::string {
              absl::StatusOr<Sender> own = Sender::Attach(*channel_);
              if (!own.ok()) return own.status().ToString();
              if (own->slot() == sender_->slot()) return "the parent's slot";
              return own->TrySend("the child's").ToString();
            }),
            "OK");
  EXPECT_EQ(Next(), "the child's");
  receiver_.reset();
  EXPECT_OK(sender_->TrySend("for the child"));
  EXPECT_EQ(InChild([this]() -> std::string {
              absl::StatusOr<Receiver> own = Receiver::Attach(*channel_);
              if (!own.ok()) return own.status().ToString();
              absl::StatusOr<Lease> lease = own->TryReceive();
              return lease.ok() ? std::string(lease->payload()) : lease.status().ToString();
            }),
            "for the child");
}

TEST_F(ForkTest, HandleOfAChildIsRefusedInItsOwnChild) {
  EXPECT_EQ(InChild([this]() -> std::string {
              sender_.emplace(*Sender::Attach(*channel_));
              if (!sender_->TrySend("child").ok()) return "its own handle";
              return InChild([this] {
                return std::string(absl::StatusCodeToString(sender_->TrySend("grandchild").code()));
              });
            }),
            "FAILED_PRECONDITION");
}

TEST_F(ForkTest, LivingChildHoldsNoLockOfItsParent) {
  AttachBoth();
  ChildProcess child = ChildProcess::ForkAndHold([] { return std::string("alive"); });
  ASSERT_EQ(child.result(), "alive");
  const uint16_t slot = sender_->slot();
  sender_.reset();
  receiver_.reset();
  ASSERT_OK_AND_ASSIGN(const Sender sender, Sender::Attach(*channel_));
  EXPECT_EQ(sender.slot(), slot);
  EXPECT_OK(Receiver::Attach(*channel_));
}

TEST_F(ForkTest, AttachAndDetachWhileOthersFork) {
  // The child holds no lock, at whatever moment the fork happens. After each detach the next attach
  // succeeds, although all children still live.
  constexpr int kForks = 60;
  std::atomic<bool> done = false;
  std::atomic<bool> checked = false;
  std::vector<ChildProcess> children;
  std::thread forker([&] {
    for (int i = 0; i < kForks; ++i) {
      children.push_back(ChildProcess::Fork([] {
        pause();
        return 0;
      }));
    }
    done = true;
    // The children die with this thread.
    while (!checked) std::this_thread::yield();
  });
  int failures = 0;
  while (!done) {
    if (!Receiver::Attach(*channel_).ok()) ++failures;
    if (!Sender::Attach(*channel_).ok()) ++failures;
  }
  EXPECT_EQ(failures, 0);
  EXPECT_OK(Receiver::Attach(*channel_));
  for (ChildProcess& child : children) EXPECT_EQ(child.Wait(absl::ZeroDuration()), "still lives");
  checked = true;
  forker.join();
}

// --- fork in a signal handler ---

pid_t (*handlers_fork)() = nullptr;
std::atomic<int> handlers_forks{0};
std::atomic<int> handlers_runs{0};  // some of them may still be forking
pid_t handlers_children[64];

// The child survives and keeps everything it inherited.
void ForkInHandler(int) {
  // A thread of a sanitizer may get the signal, too.
  const int run = handlers_runs.fetch_add(1);
  if (run >= 64) return;
  const int saved = errno;
  const pid_t pid = handlers_fork();
  if (pid == 0) {
    for (;;) pause();
  }
  handlers_children[run] = pid;
  handlers_forks.fetch_add(1);
  errno = saved;
}

// Attaches and detaches until the handler has forked 64 times. Returns an error, or "".
std::string AttachUnderSignals(const Channel& channel, pid_t (*how)()) {
  handlers_fork = how;
  handlers_forks = 0;
  handlers_runs = 0;
  struct sigaction action = {};
  action.sa_handler = ForkInHandler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often = {{0, 700}, {0, 700}};
  setitimer(ITIMER_REAL, &often, nullptr);
  std::string wrong;
  while (handlers_forks < 64 && wrong.empty()) {
    const absl::StatusOr<Sender> sender = Sender::Attach(channel);
    const absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
    if (!sender.ok()) wrong = sender.status().ToString();
    if (!receiver.ok()) wrong = receiver.status().ToString();
    if (sender.ok() && sender->slot() != 0) wrong = "a slot was left behind";
  }
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  // All children still live.
  if (channel.HasSender() || channel.HasReceiver()) wrong = "a child keeps a lock alive";
  for (int i = 0; i < handlers_forks; ++i) {
    ChildProcess::Adopt(handlers_children[i]).Kill();
  }
  return wrong;
}

TEST_F(ForkTest, SignalHandlerForksDuringAttach) {
  EXPECT_EQ(InChild([&] { return AttachUnderSignals(*channel_, fork); }), "");
}

TEST_F(ForkTest, SignalHandlerForksWithoutForkHandlersDuringAttach) {
  const auto raw = []() -> pid_t {
    return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  };
  EXPECT_EQ(InChild([&] { return AttachUnderSignals(*channel_, raw); }), "");
}

TEST_F(ForkTest, SignalHandlerForksDuringAttachOfAnotherThread) {
#ifndef __GLIBC__
  GTEST_SKIP() << "this C library's fork waits for malloc, which the signal may have interrupted";
#endif
  EXPECT_EQ(InChild([&] {
              std::atomic<bool> done = false;
              std::thread attaching([&] {
                sigset_t alarm;
                sigemptyset(&alarm);
                sigaddset(&alarm, SIGALRM);
                pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
                ChannelOptions options;
                const absl::StatusOr<Channel> other = Channel::CreateAnonymous(options);
                while (!done) (void)Sender::Attach(*other).ok();
              });
              const std::string wrong = AttachUnderSignals(*channel_, fork);
              done = true;
              attaching.join();
              return wrong;
            }),
            "");
}

// Runs in a child for which no fork handler ran, while other threads were at work.
TEST_F(ForkTest, ChildWithoutForkHandlersAttachesForItself) {
  AttachBoth();
  std::atomic<bool> done = false;
  std::thread attaching([&] {
    const absl::StatusOr<Channel> other = Channel::CreateAnonymous({});
    while (!done) (void)Sender::Attach(*other).ok();
  });
  for (int i = 0; i < 50; ++i) {
    const pid_t child =
        static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) {
      // Allocates nothing, since another thread may have been allocating.
      const internal::ForkGuard here;
      const internal::ForkFreeSection section;
      _exit(here.InSameProcess() ? 0 : 1);
    }
    EXPECT_EQ(ChildProcess::Adopt(child).Wait(), "exited 0");
  }
  done = true;
  attaching.join();
  EXPECT_OK(sender_->TrySend("x"));
}

TEST_F(ForkTest, ProgramsAreStartedWhileOthersAttach) {
  std::atomic<bool> done = false;
  std::thread starting([&] {
    for (int i = 0; i < 100; ++i) {
      char name[] = "/bin/true";
      char* arguments[] = {name, nullptr};
      pid_t pid = -1;
      EXPECT_EQ(posix_spawn(&pid, name, nullptr, nullptr, arguments, nullptr), 0);
      EXPECT_EQ(ChildProcess::Adopt(pid).Wait(), "exited 0");
    }
    done = true;
  });
  while (!done) {
    // A started program shares all resources of this process until its exec.
    ReceiverOptions patient;
    patient.deadline = absl::Seconds(20);
    EXPECT_OK(Receiver::Attach(*channel_, patient));
  }
  starting.join();
  EXPECT_FALSE(channel_->HasReceiver());
}

}  // namespace
}  // namespace ipmpsc
