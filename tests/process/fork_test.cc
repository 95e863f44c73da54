// Tests fork with live handles. The child cannot use them and does not keep its parent's
// participation alive. It can attach itself.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
#include "tests/testing/process/peer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

ChannelOptions Options() {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 4;
  return options;
}

// Makes a child whose check fails exit with the line number.
#define CHILD_EXPECT(condition) \
  if (!(condition)) return __LINE__ % 128

// Whether the error says that the handle is inherited, after the channel's path.
bool Inherited(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) &&
         absl::EndsWith(status.message(),
                        "/channel: this handle was inherited through fork: attach anew in the "
                        "child");
}

class ForkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(PathOnDisk("channel"), Options()));
    channel_ = std::make_unique<Channel>(channel);
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    sender_ = std::make_unique<Sender>(std::move(sender));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
    receiver_ = std::make_unique<Receiver>(std::move(receiver));
  }

  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Receiver> receiver_;
};

TEST_F(ForkTest, ChildCannotUseInheritedHandles) {
  ASSERT_OK(sender_->TrySend("one"));
  ASSERT_OK(sender_->TrySend("two"));
  ChildProcess child = ChildProcess::Fork([&] {
    CHILD_EXPECT(Inherited(sender_->TrySend("x")));
    CHILD_EXPECT(Inherited(sender_->Send("x", kPatience)));
    CHILD_EXPECT(Inherited(sender_->SendWhenEmpty("x", kPatience)));
    CHILD_EXPECT(Inherited(sender_->TryClaim(1).status()));
    CHILD_EXPECT(Inherited(sender_->Claim(1, kPatience).status()));
    CHILD_EXPECT(Inherited(sender_->ClaimWhenEmpty(1, kPatience).status()));
    CHILD_EXPECT(Inherited(receiver_->TryReceive().status()));
    CHILD_EXPECT(Inherited(receiver_->Receive(kPatience).status()));
    CHILD_EXPECT(Inherited(receiver_->Drain([](const Record&) {}).status()));
    return 0;
  });
  EXPECT_EQ(child.Wait(), "exited 0");
  // Nothing has changed for the parent.
  for (const char* expected : {"one", "two"}) {
    ASSERT_OK_AND_ASSIGN(Lease lease, receiver_->TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
  EXPECT_OK(sender_->TrySend("three"));
}

TEST_F(ForkTest, ParentKeepsHandlesThatTheChildDestroys) {
  ASSERT_OK(sender_->TrySend("one"));
  ASSERT_OK(sender_->TrySend("two"));
  std::optional<Lease> lease(*receiver_->TryReceive());
  std::optional<Loan> loan(*sender_->TryClaim(8));
  ChildProcess child = ChildProcess::Fork([&] {
    std::move(*loan).Publish(4);
    loan.reset();
    lease.reset();
    sender_.reset();
    receiver_.reset();
    // Destroys the child's copies of the name and the file.
    channel_.reset();
    return 0;
  });
  EXPECT_EQ(child.Wait(), "exited 0");
  // Both slots are taken, the lease holds its space, and the loan is open.
  EXPECT_THAT(Receiver::Attach(*channel_), StatusIs(absl::StatusCode::kAlreadyExists));
  ASSERT_OK_AND_ASSIGN(const Sender other, Sender::Attach(*channel_));
  EXPECT_EQ(other.slot(), 1);
  EXPECT_EQ(lease->payload(), "one");
  {
    ASSERT_OK_AND_ASSIGN(Lease second, receiver_->TryReceive());
    EXPECT_EQ(second.payload(), "two");
  }
  EXPECT_THAT(receiver_->Receive(absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(sender_->TrySend("x"), StatusIs(absl::StatusCode::kFailedPrecondition));
  FillMessage({0, 0}, loan->payload());
  std::move(*loan).Publish();
  ASSERT_OK_AND_ASSIGN(Lease third, receiver_->Receive(kPatience));
  EXPECT_EQ(CheckMessage({0, 0}, third.payload()), "");
}

TEST_F(ForkTest, ATemporaryChannelKeepsItsNameWhenTheChildExits) {
  ASSERT_OK_AND_ASSIGN(Channel made, Channel::CreateTemp(Options()));
  std::optional<Channel> temporary(std::move(made));
  const std::string path = temporary->path();
  ChildProcess child = ChildProcess::Fork([&] {
    temporary.reset();
    return 0;
  });
  EXPECT_EQ(child.Wait(), "exited 0");
  EXPECT_TRUE(Exists(path));
  temporary.reset();
  EXPECT_FALSE(Exists(path));
}

TEST_F(ForkTest, TheChildAttachesForItself) {
  ChildProcess child = ChildProcess::Fork([&] {
    absl::StatusOr<Sender> own = Sender::Attach(*channel_);
    CHILD_EXPECT(own.ok() && own->slot() == 1);
    CHILD_EXPECT(own->TrySend("from the child").ok());
    CHILD_EXPECT(absl::IsAlreadyExists(Receiver::Attach(*channel_).status()));
    // The same holds for a grandchild.
    ChildProcess grandchild = ChildProcess::Fork([&] {
      CHILD_EXPECT(Inherited(own->TrySend("x")));
      CHILD_EXPECT(Inherited(sender_->TrySend("x")));
      absl::StatusOr<Sender> third = Sender::Attach(*channel_);
      CHILD_EXPECT(third.ok() && third->slot() == 2);
      CHILD_EXPECT(third->TrySend("from the grandchild").ok());
      return 0;
    });
    CHILD_EXPECT(grandchild.Wait() == "exited 0");
    CHILD_EXPECT(own->TrySend("from the child again").ok());
    return 0;
  });
  EXPECT_EQ(child.Wait(), "exited 0");
  for (const char* expected : {"from the child", "from the grandchild", "from the child again"}) {
    ASSERT_OK_AND_ASSIGN(Lease lease, receiver_->TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
}

// --- The parent dies and the child survives ---

// A child of a peer. The test ends it once the peer is dead.
class Orphan {
 public:
  explicit Orphan(Peer* parent) : pid_(static_cast<pid_t>(parent->Ask("fork_idle").numbers[0])) {}
  ~Orphan() { kill(pid_, SIGKILL); }
  bool Lives() const { return kill(pid_, 0) == 0; }

 private:
  const pid_t pid_;
};

class ParentDiesTest : public ForkTest {
 protected:
  void SetUp() override {
    ForkTest::SetUp();
    ASSERT_OK(peer_.Ask("open " + channel_->path()).status());
  }

  Board board_;
  Peer peer_{board_};
};

TEST_F(ParentDiesTest, ASenderWithALoan) {
  ASSERT_OK(peer_.Ask("attach_sender 0").status());
  ASSERT_OK(peer_.Ask("claim 100 0").status());
  const Orphan child(&peer_);
  ASSERT_OK(sender_->TrySend("next"));
  EXPECT_THAT(receiver_->Receive(absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  peer_.Kill();
  ASSERT_OK_AND_ASSIGN(Lease lease, receiver_->Receive(kPatience));
  EXPECT_EQ(lease.payload(), "next");
  EXPECT_TRUE(child.Lives());
}

TEST_F(ParentDiesTest, AReceiverWithALease) {
  receiver_.reset();
  ASSERT_OK(peer_.Ask("attach_receiver").status());
  ASSERT_OK(sender_->TrySend("again"));
  ASSERT_OK(peer_.Ask("receive 20000").status());
  const Orphan child(&peer_);
  EXPECT_THAT(Receiver::Attach(*channel_), StatusIs(absl::StatusCode::kAlreadyExists));
  peer_.Kill();
  ASSERT_OK_AND_ASSIGN(Receiver successor, Receiver::Attach(*channel_));
  ASSERT_OK_AND_ASSIGN(Lease lease, successor.TryReceive());
  EXPECT_EQ(lease.payload(), "again");
  EXPECT_TRUE(child.Lives());
}

// --- fork, then exec ---

TEST_F(ForkTest, ExecutedProgramInheritsNothing) {
  const Board board;
  Peer peer(board);
  // An answer shows that the program has been executed.
  ASSERT_OK(peer.Ask("cpu").status());
  for (const auto& file :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", peer.pid(), "/fd"))) {
    std::error_code ignored;
    EXPECT_NE(std::filesystem::read_symlink(file, ignored), channel_->path());
  }
  ASSERT_OK(peer.Ask("open " + channel_->path()).status());
  sender_.reset();
  receiver_.reset();
  // The inherited places are free, although the program lives.
  ASSERT_OK(peer.Ask("attach_receiver").status());
  const Reply attached = peer.Ask("attach_sender 0");
  ASSERT_OK(attached.status());
  EXPECT_THAT(attached.numbers, ::testing::ElementsAre(0u));
}

// --- Threads ---

// One thread attaches and detaches while another forks children that survive. No child may keep a
// slot or the receiver's place.
TEST_F(ForkTest, ThreadsAttachWhileOthersFork) {
  sender_.reset();
  receiver_.reset();
  std::atomic<bool> done{false};
  std::mutex mutex;
  std::map<std::string, int> failures;
  const auto failed = [&](const absl::Status& status) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++failures[status.ToString()];
  };
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    while (!done) {
      absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
      if (!receiver.ok()) failed(receiver.status());
    }
  });
  threads.emplace_back([&] {
    while (!done) {
      std::vector<Sender> senders;
      for (uint32_t i = 0; i < channel_->max_senders(); ++i) {
        absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
        if (sender.ok()) {
          senders.push_back(*std::move(sender));
        } else {
          failed(sender.status());
        }
      }
    }
  });
  std::vector<ChildProcess> children;
  for (int i = 0; i < 150; ++i) {
    children.push_back(ChildProcess::Fork([] {
      pause();
      return 0;
    }));
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(failures, ::testing::IsEmpty());
  // All children still live.
  EXPECT_OK(Receiver::Attach(*channel_));
  std::vector<Sender> senders;
  for (uint32_t i = 0; i < channel_->max_senders(); ++i) {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    senders.push_back(std::move(sender));
  }
}

TEST_F(ForkTest, ThreadsSendWhileOthersFork) {
  std::atomic<bool> done{false};
  std::thread sending([&] {
    for (uint64_t number = 0; !done; ++number) {
      ASSERT_OK(sender_->Send(MessageBytes({0, number}, 16 + number % 200), kPatience));
    }
  });
  Ledger ledger;
  for (int i = 0; i < 100; ++i) {
    ChildProcess child = ChildProcess::Fork([&] {
      CHILD_EXPECT(Inherited(sender_->TrySend("x")));
      CHILD_EXPECT(Inherited(receiver_->TryReceive().status()));
      sender_.reset();
      receiver_.reset();
      return 0;
    });
    for (int j = 0; j < 50; ++j) {
      const absl::StatusOr<Lease> lease = receiver_->Receive(kPatience);
      ASSERT_OK(lease);
      ASSERT_EQ(ledger.Enter(lease->payload()), "");
    }
    EXPECT_EQ(child.Wait(), "exited 0");
  }
  done = true;
  // The send may wait for space.
  const absl::Status drained = receiver_->Drain([](const Record&) {}).status();
  EXPECT_TRUE(drained.ok() || absl::IsUnavailable(drained)) << drained;
  sending.join();
}

}  // namespace
}  // namespace ipmpsc::testing
