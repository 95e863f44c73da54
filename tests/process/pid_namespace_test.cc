// Tests processes in PID namespaces of their own. Liveness is detected across them, whatever the
// PIDs.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::testing {
namespace {

// A process with PID 1 in its own PID namespace.
class Hermit {
 public:
  // Starts `work` at once.
  explicit Hermit(absl::FunctionRef<int()> work) {
    hull_ = ChildProcess::Fork([&] {
      if (Unshare() != 0) return 120;
      ChildProcess inside = ChildProcess::Fork([&] {
        board_[1].store(static_cast<uint64_t>(getpid()));
        return work();
      });
      board_[0].store(static_cast<uint64_t>(inside.pid()));
      const std::string end = inside.Wait(2 * kPatience);
      int status = 0;
      return absl::SimpleAtoi(absl::StripPrefix(end, "exited "), &status) ? status : 121;
    });
  }
  ~Hermit() { Kill(); }

  // Returns why this machine allows none, or "".
  static std::string Unavailable() {
    ChildProcess probe = ChildProcess::Fork([] { return Unshare(); });
    const std::string end = probe.Wait();
    return end == "exited 0" ? "" : absl::StrCat("unshare(CLONE_NEWPID) is not permitted: ", end);
  }

  // Its PID in its own namespace.
  uint64_t own_pid() const { return board_[1].load(); }

  void Kill() {
    if (hull_.pid() < 0 || !Await([&] { return board_[0].load() != 0; })) return;
    kill(static_cast<pid_t>(board_[0].load()), SIGKILL);
    hull_.Wait();
  }
  std::string Wait() { return hull_.Wait(); }

 private:
  // Returns an errno.
  static int Unshare() {
    // Root needs no user namespace, and may not be allowed to create one.
    if (unshare(CLONE_NEWPID) == 0) return 0;
    return unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 ? 0 : errno;
  }

  Board board_;
  ChildProcess hull_;
};

class PidNamespaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why_not = Hermit::Unavailable();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
  }

  static absl::StatusOr<Channel> NewChannel() {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 3;
    return Channel::CreateAnonymous(options);
  }

  // Reports on the board and stays alive.
  int Stay(size_t cell) {
    board_[cell].store(1);
    pause();
    return 0;
  }
  bool AwaitCell(size_t cell) {
    return Await([&] { return board_[cell].load() != 0; });
  }

  // Sends `text`, then holds a loan.
  int SendAndHold(const Channel& channel, const std::string& text, size_t cell) {
    absl::StatusOr<Sender> sender = Sender::Attach(channel);
    if (!sender.ok() || !sender->TrySend(text).ok()) return 1;
    const absl::StatusOr<Loan> loan = sender->TryClaim(100);
    return loan.ok() ? Stay(cell) : 2;
  }

  Board board_;
};

TEST_F(PidNamespaceTest, SendersInOtherNamespaces) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, NewChannel());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  Hermit first([&] { return SendAndHold(channel, "first", 0); });
  ASSERT_TRUE(AwaitCell(0));
  Hermit second([&] { return SendAndHold(channel, "second", 1); });
  ASSERT_TRUE(AwaitCell(1));
  // Both have the same PID.
  EXPECT_EQ(first.own_pid(), 1u);
  EXPECT_EQ(second.own_pid(), 1u);

  ASSERT_OK_AND_ASSIGN(Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "first");
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(30)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  first.Kill();
  ASSERT_OK_AND_ASSIGN(Lease next, receiver.Receive(kPatience));
  EXPECT_EQ(next.payload(), "second");
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK(sender.TrySend("third"));
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(30)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  second.Kill();
  ASSERT_OK_AND_ASSIGN(Lease last, receiver.Receive(kPatience));
  EXPECT_EQ(last.payload(), "third");
}

TEST_F(PidNamespaceTest, ReceiverInAnotherNamespace) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, NewChannel());
  // A process outside holds a loan.
  ChildProcess outside = ChildProcess::Fork([&] { return SendAndHold(channel, "outside", 0); });
  ASSERT_TRUE(AwaitCell(0));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK(sender.TrySend("behind"));
  Hermit hermit([&] {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
    if (!receiver.ok()) return 1;
    absl::StatusOr<Lease> first = receiver->Receive(kPatience);
    if (!first.ok() || first->payload() != "outside") return 2;
    std::move(*first).Release();
    // The receiver sees that the sender outside lives.
    if (!absl::IsDeadlineExceeded(receiver->Receive(absl::Milliseconds(30)).status())) return 3;
    board_[1].store(1);
    const absl::StatusOr<Lease> second = receiver->Receive(kPatience);
    if (!second.ok() || second->payload() != "behind") return 4;
    return Stay(2);
  });
  ASSERT_TRUE(AwaitCell(1)) << hermit.Wait();
  EXPECT_THAT(Receiver::Attach(channel), StatusIs(absl::StatusCode::kAlreadyExists));
  outside.Kill();
  ASSERT_TRUE(AwaitCell(2)) << hermit.Wait();
  EXPECT_THAT(Receiver::Attach(channel), StatusIs(absl::StatusCode::kAlreadyExists));
  hermit.Kill();
  ASSERT_OK_AND_ASSIGN(Receiver successor, Receiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(Lease again, successor.Receive(kPatience));
  EXPECT_EQ(again.payload(), "behind");
}

}  // namespace
}  // namespace ipmpsc::testing
