// Tests receivers that wait to take over. They take nothing from a living receiver. A receiver that
// lost its lock without noticing cannot harm its successor.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
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

using ::testing::HasSubstr;

class HandoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ChannelOptions options;
    options.capacity = 4096;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(PathOnDisk("channel"), options));
    channel_.emplace(std::move(channel));
    ASSERT_OK(first_.Ask("open " + channel_->path()).status());
    ASSERT_OK(first_.Ask("attach_receiver").status());
    ASSERT_OK(standby_.Ask("open " + channel_->path()).status());
  }

  void SendNumbers(uint64_t first, uint64_t last) {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    for (uint64_t number = first; number <= last; ++number) {
      ASSERT_OK(sender.TrySend(MessageBytes({0, number}, 100)));
    }
  }

  // Returns the number of the peer's next message.
  static uint64_t Next(Peer& receiver) {
    const Reply reply = receiver.Ask("receive 20000");
    EXPECT_OK(reply.status());
    return reply.numbers.size() < 5 ? ~uint64_t{0} : reply.numbers[4];
  }

  std::optional<Channel> channel_;
  Board board_;
  Peer first_{board_};
  Peer standby_{board_};
};

TEST_F(HandoverTest, StandbyTakesOverWhenTheFirstIsKilled) {
  standby_.Tell("attach_receiver 20000");
  SendNumbers(0, 3);
  EXPECT_EQ(Next(first_), 0u);
  EXPECT_EQ(Next(first_), 1u);
  ASSERT_OK(first_.Ask("release 0").status());
  first_.Kill();
  const Reply attached = standby_.Answer();
  ASSERT_OK(attached.status());
  for (uint64_t number = 1; number <= 3; ++number) EXPECT_EQ(Next(standby_), number);
}

TEST_F(HandoverTest, StandbyTakesOverWhenTheFirstDetaches) {
  standby_.Tell("attach_receiver 20000");
  SendNumbers(0, 0);
  ASSERT_OK(first_.Ask("detach_receiver").status());
  ASSERT_OK(standby_.Answer().status());
  EXPECT_EQ(Next(standby_), 0u);
}

TEST_F(HandoverTest, OneOfManyStandbysTakesOver) {
  Peer third(board_);
  ASSERT_OK(third.Ask("open " + channel_->path()).status());
  standby_.Tell("attach_receiver 500");
  third.Tell("attach_receiver 500");
  first_.Kill();
  const absl::Status one = standby_.Answer().status();
  const absl::Status other = third.Answer().status();
  EXPECT_NE(one.ok(), other.ok()) << one << " and " << other;
  EXPECT_THAT(one.ok() ? other : one, StatusIs(absl::StatusCode::kAlreadyExists));
}

// A living receiver keeps the channel, however long it is idle.
TEST_F(HandoverTest, StoppedReceiverKeepsTheChannelAndContinues) {
  SendNumbers(0, 1);
  EXPECT_EQ(Next(first_), 0u);
  first_.Stop();
  EXPECT_THAT(standby_.Ask("attach_receiver 50").status(),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr(absl::StrCat("process ", first_.pid()))));
  first_.Continue();
  ASSERT_OK(first_.Ask("release_all").status());
  EXPECT_EQ(Next(first_), 1u);
}

// --- A receiver whose program has unmapped the library's memory ---

// Returns the pages that hold locks, one for each participant of this process: shared and
// unreadable.
std::set<void*> LockPages() {
  std::set<void*> pages;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uintptr_t address = 0;
    if (line.find(" ---s ") == std::string::npos) continue;
    std::istringstream(line) >> std::hex >> address;
    pages.insert(reinterpret_cast<void*>(address));
  }
  return pages;
}

class LostLockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous({}));
    channel_.emplace(std::move(channel));
    const std::set<void*> before = LockPages();
    ASSERT_OK_AND_ASSIGN(Receiver stale, Receiver::Attach(*channel_));
    stale_.emplace(std::move(stale));
    for (void* const page : LockPages()) {
      if (before.count(page) == 0) lock_ = page;
    }
    ASSERT_NE(lock_, nullptr);
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    for (int i = 0; i < 4; ++i) ASSERT_OK(sender.TrySend(absl::StrCat("message ", i)));
  }

  // Maps the range again, so that the library later unmaps nothing else.
  void LoseLock() {
    ASSERT_EQ(mmap(lock_, static_cast<size_t>(getpagesize()), PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
              lock_);
  }
  uint64_t released() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring().control->release_position.load();
  }

  std::optional<Channel> channel_;
  std::optional<Receiver> stale_;
  void* lock_ = nullptr;
};

TEST_F(LostLockTest, ReceiverReportsTheLostLockAndReleasesNothing) {
  absl::StatusOr<Lease> late = stale_->TryReceive();
  ASSERT_OK(late);
  ASSERT_NO_FATAL_FAILURE(LoseLock());
  ASSERT_OK_AND_ASSIGN(Receiver successor, Receiver::Attach(*channel_));
  ASSERT_OK_AND_ASSIGN(const Lease lease, successor.TryReceive());
  EXPECT_EQ(lease.payload(), "message 0");

  { const Lease dropped = *std::move(late); }
  EXPECT_EQ(released(), 0u);
  EXPECT_THAT(stale_->TryReceive(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lost its lock")));
  EXPECT_THAT(stale_->Receive(kPatience), StatusIs(absl::StatusCode::kFailedPrecondition));
  stale_.reset();
  EXPECT_EQ(released(), 0u);
  EXPECT_TRUE(channel_->HasReceiver());
  EXPECT_NE(internal::ChannelAccess::SegmentOf(*channel_)->ring().receiver_slot->pid.load(), 0u);
  EXPECT_OK(successor.TryReceive());
}

TEST_F(LostLockTest, ReceiverContinuesUntilAnotherTakesOver) {
  ASSERT_NO_FATAL_FAILURE(LoseLock());
  { ASSERT_OK_AND_ASSIGN(const Lease lease, stale_->TryReceive()); }
  EXPECT_GT(released(), 0u);
  ASSERT_OK_AND_ASSIGN(Receiver successor, Receiver::Attach(*channel_));
  ASSERT_OK_AND_ASSIGN(const Lease lease, successor.TryReceive());
  EXPECT_EQ(lease.payload(), "message 1");
  EXPECT_THAT(stale_->TryReceive(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace ipmpsc::testing
