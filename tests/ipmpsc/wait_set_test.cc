// Tests WaitSet with each of its mechanisms: what is ready, fairness, lifetimes, every status code.
#include "ipmpsc/wait_set.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/ipmpsc/wait_mechanisms.h"
#include "tests/ipmpsc/wait_set_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::kPatience;
using ::ipmpsc::testing::StatusIs;

// Matches a result that is OK and `value`.
MATCHER_P(IsOkAndHolds, value, "") { return arg.ok() && *arg == static_cast<size_t>(value); }

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_P(WaitSetTest, ReportsItsMechanism) {
  WaitSet set = Create();
  EXPECT_EQ(set.statistics().mechanism, GetParam());
}

TEST_P(WaitSetTest, NothingIsReadyBeforeTheDeadline) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  // It does not sleep if its deadline has passed before it is about to.
  EXPECT_TRUE(Await([&] {
    EXPECT_THAT(TagsOf(set, absl::Milliseconds(30)), IsEmpty());
    return set.statistics().sleeps >= 1;
  }));
}

TEST_P(WaitSetTest, AMessageThatIsThereIsReadyAtOnceAndAgain) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(ends.sender->TrySend("a"));
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
  ASSERT_OK(ends.receiver->TryReceive());
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
}

TEST_P(WaitSetTest, AnArmedMemberIsNoticedByPolls) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  ASSERT_OK(ends.sender->TrySend("a"));
  EXPECT_TRUE(Await([&] { return !TagsOf(set, absl::ZeroDuration()).empty(); }));
}

TEST_P(WaitSetTest, AMessageEndsASleep) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  for (int i = 0; i < 20; ++i) {
    std::thread sends([&] {
      Await([&] { return ends.announced(); });
      EXPECT_OK(ends.sender->TrySend("a"));
    });
    EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
    sends.join();
    ASSERT_OK(ends.receiver->TryReceive());
  }
}

TEST_P(WaitSetTest, ACommitAfterItsClaimEndsASleep) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  absl::StatusOr<Loan> loan = ends.sender->TryClaim(10);
  ASSERT_OK(loan);
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  std::thread publishes([&] {
    absl::SleepFor(absl::Milliseconds(25));
    std::move(*loan).Publish();
  });
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
  publishes.join();
}

TEST_P(WaitSetTest, TheEndOfAChannelIsReady) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  std::thread closes([&] { ends.channel->Close(); });
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
  closes.join();
  EXPECT_THAT(ends.receiver->TryReceive().status(), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_P(WaitSetTest, TheEndOfAllSendersIsReady) {
  ReceiverOptions options;
  options.end_without_senders = true;
  Ends ends(options);
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  std::thread leaves([&] { ends.sender.reset(); });
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
  leaves.join();
  EXPECT_THAT(ends.receiver->TryReceive().status(), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_P(WaitSetTest, SpaceIsReady) {
  Ends ends;
  WaitSet set = Create();
  const std::string large(2000, 'x');
  ASSERT_OK(ends.sender->TrySend(large));
  ASSERT_OK(set.Add(*ends.sender, large.size(), 3));
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(3));
  ASSERT_OK(ends.sender->TrySend(large));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  std::thread receives([&] {
    absl::SleepFor(absl::Milliseconds(10));
    EXPECT_OK(ends.receiver->TryReceive());
  });
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(3));
  receives.join();
  EXPECT_OK(ends.sender->TrySend(large));
}

TEST_P(WaitSetTest, ASenderOfAnEndedChannelIsReady) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(ends.sender->TrySend(std::string(4000, 'x')));
  ASSERT_OK(set.Add(*ends.sender, 2000, 3));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  ends.channel->Close();
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(3));
  EXPECT_THAT(ends.sender->TrySend("a"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(WaitSetTest, ASenderWithALoanIsNotReady) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.sender, 100, 3));
  {
    absl::StatusOr<Loan> loan = ends.sender->TryClaim(10);
    ASSERT_OK(loan);
    EXPECT_THAT(TagsOf(set, absl::Milliseconds(20)), IsEmpty());
  }
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), ElementsAre(3));
}

TEST_P(WaitSetTest, DescriptorsAreReadyWithTheirEvents) {
  Ends ends;
  WaitSet set = Create();
  const internal::UniqueFd event(eventfd(0, EFD_CLOEXEC));
  ASSERT_OK(set.Add(*ends.receiver, 7));
  ASSERT_OK(set.AddFd(event.get(), EPOLLIN, 9));
  EXPECT_EQ(set.statistics().members, size_t{2});
  EXPECT_THAT(TagsOf(set, absl::Milliseconds(5)), IsEmpty());
  std::thread writes([&] {
    absl::SleepFor(absl::Milliseconds(10));
    const uint64_t one = 1;
    EXPECT_EQ(write(event.get(), &one, sizeof(one)), 8);
  });
  Ready ready;
  EXPECT_THAT(set.Wait(kPatience, absl::MakeSpan(&ready, 1)), IsOkAndHolds(1));
  writes.join();
  EXPECT_EQ(ready.tag, uint64_t{9});
  EXPECT_EQ(ready.events, uint32_t{EPOLLIN});
  ASSERT_OK(ends.sender->TrySend("a"));
  EXPECT_THAT(TagsOf(set, kPatience), ::testing::Contains(9));
  EXPECT_TRUE(Await([&] { return TagsOf(set, kPatience).size() == 2; }));
  ASSERT_OK(set.RemoveFd(event.get()));
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
}

// Each of many ready members is reported before any is reported twice, whatever the room is.
TEST_P(WaitSetTest, IsFair) {
  constexpr size_t kChannels = 20;
  std::vector<Ends> all(kChannels);
  WaitSet set = Create();
  for (size_t i = 0; i < kChannels; ++i) {
    ASSERT_OK(all[i].sender->TrySend("a"));
    ASSERT_OK(set.Add(*all[i].receiver, i));
  }
  for (const size_t room : {size_t{1}, size_t{3}, size_t{7}}) {
    std::map<uint64_t, int> reports;
    for (size_t reported = 0; reported < 5 * kChannels;) {
      for (const uint64_t tag : TagsOf(set, kPatience, room)) {
        ++reports[tag];
        ++reported;
      }
    }
    for (size_t i = 0; i < kChannels; ++i) EXPECT_GE(reports[i], 4) << "room for " << room;
  }
}

// A member that becomes ready while another one is always ready is reported, too.
TEST_P(WaitSetTest, ABusyMemberStarvesNoOther) {
  Ends busy, quiet;
  WaitSet set = Create();
  const internal::UniqueFd event(eventfd(1, EFD_CLOEXEC));
  ASSERT_OK(set.Add(*quiet.receiver, 2));
  EXPECT_THAT(TagsOf(set, absl::Milliseconds(1)), IsEmpty());
  ASSERT_OK(busy.sender->TrySend("a"));
  ASSERT_OK(set.Add(*busy.receiver, 1));
  for (int i = 0; i < 10; ++i) EXPECT_THAT(TagsOf(set, kPatience, 1), ElementsAre(1));
  ASSERT_OK(quiet.sender->TrySend("a"));
  ASSERT_OK(set.AddFd(event.get(), EPOLLIN, 3));
  std::set<uint64_t> seen;
  EXPECT_TRUE(Await([&] {
    for (const uint64_t tag : TagsOf(set, kPatience, 1)) seen.insert(tag);
    return seen.size() == 3;
  }));
}

TEST_P(WaitSetTest, AMemberMayMoveOrDie) {
  WaitSet set = Create();
  Ends ends;
  ASSERT_OK(set.Add(*ends.receiver, 7));
  ASSERT_OK(set.Add(*ends.sender, 4000, 8));
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(8));
  Receiver moved(std::move(*ends.receiver));
  Sender moved_sender(std::move(*ends.sender));
  ASSERT_OK(moved_sender.TrySend(std::string(4000, 'x')));
  EXPECT_TRUE(Await([&] { return TagsOf(set, kPatience) == std::vector<uint64_t>{7}; }));
  // The core lives on in a lease, and is no member any more.
  std::optional<Lease> lease;
  {
    Receiver dies(std::move(moved));
    absl::StatusOr<Lease> received = dies.TryReceive();
    ASSERT_OK(received);
    lease.emplace(*std::move(received));
  }
  EXPECT_EQ(set.statistics().members, size_t{1});
  Ends others;
  ASSERT_OK(set.Add(*others.sender, 10, 9));
  moved_sender = std::move(*others.sender);
  EXPECT_EQ(set.statistics().members, size_t{1});
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(9));
  {
    Ends dies;
    ASSERT_OK(set.Add(*dies.receiver, 1));
    EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(9));
  }
  EXPECT_EQ(set.statistics().members, size_t{1});
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(9));
}

TEST_P(WaitSetTest, ASetMayMoveOrDieBeforeItsMembers) {
  Ends ends;
  {
    WaitSet set = Create();
    ASSERT_OK(set.Add(*ends.receiver, 7));
    EXPECT_THAT(TagsOf(set, absl::Milliseconds(1)), IsEmpty());
    WaitSet moved(std::move(set));
    ASSERT_OK(ends.sender->TrySend("a"));
    EXPECT_THAT(TagsOf(moved, kPatience), ElementsAre(7));
    ASSERT_OK(ends.receiver->TryReceive());
    EXPECT_THAT(TagsOf(moved, absl::Milliseconds(1)), IsEmpty());
    moved = Create();
  }
  EXPECT_FALSE(ends.announced());
  std::thread sends([&] { EXPECT_OK(ends.sender->TrySend("b")); });
  EXPECT_OK(ends.receiver->Receive(kPatience));
  sends.join();
  WaitSet other = Create();
  EXPECT_OK(other.Add(*ends.receiver, 1));
}

// A receive that sleeps takes the announcement of the set back.
TEST_P(WaitSetTest, AMemberMaySleepByItself) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  EXPECT_THAT(ends.receiver->Receive(absl::Milliseconds(5)).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  std::thread sends([&] {
    absl::SleepFor(absl::Milliseconds(10));
    EXPECT_OK(ends.sender->TrySend("a"));
  });
  EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
  sends.join();
}

TEST_P(WaitSetTest, RemovedMembersAreNotReported) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(set, absl::Milliseconds(1)), IsEmpty());
  ASSERT_OK(set.Remove(*ends.receiver));
  ASSERT_OK(ends.sender->TrySend("a"));
  EXPECT_THAT(TagsOf(set, absl::Milliseconds(1)), IsEmpty());
  EXPECT_THAT(set.Remove(*ends.receiver), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(set.Remove(*ends.sender), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(set.RemoveFd(0), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(WaitSetTest, RefusesWhatItCannotTake) {
  Ends ends;
  WaitSet set = Create(), other = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  EXPECT_THAT(set.Add(*ends.receiver, 8), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(other.Add(*ends.receiver, 8), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(set.Add(*ends.sender, 5000, 1), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK(set.Add(*ends.sender, 50, 1)) << "the sender that was refused is no member";
  const internal::UniqueFd event(eventfd(0, EFD_CLOEXEC));
  ASSERT_OK(set.AddFd(event.get(), EPOLLIN, 2));
  EXPECT_THAT(set.AddFd(event.get(), EPOLLIN, 2), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(set.AddFd(-1, EPOLLIN, 2), StatusIs(absl::StatusCode::kInvalidArgument));
  const internal::UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(set.AddFd(file.get(), EPOLLIN, 2), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(set.Wait(absl::ZeroDuration(), {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(WaitSetTest, InterruptEndsOneWait) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  Ready ready;
  set.Interrupt();
  set.Interrupt();
  EXPECT_THAT(set.Wait(kPatience, absl::MakeSpan(&ready, 1)),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(set.Wait(absl::Milliseconds(5), absl::MakeSpan(&ready, 1)), IsOkAndHolds(0));
  for (int i = 0; i < 20; ++i) {
    std::thread interrupts([&] {
      absl::SleepFor(absl::Milliseconds(i % 3));
      set.Interrupt();
    });
    EXPECT_THAT(set.Wait(kPatience, absl::MakeSpan(&ready, 1)),
                StatusIs(absl::StatusCode::kCancelled));
    interrupts.join();
  }
}

TEST_P(WaitSetTest, AForkedChildMayOnlyDestroyIt) {
#if defined(__SANITIZE_THREAD__)
  if (GetParam() == WaitMechanism::kHelperThread) {
    GTEST_SKIP() << "TSan ends the child of a process with threads if it starts one";
  }
#endif
  Ends ends;
  std::optional<WaitSet> set = Create();
  ASSERT_OK(set->Add(*ends.receiver, 7));
  EXPECT_THAT(TagsOf(*set, absl::Milliseconds(1)), IsEmpty());
  EXPECT_EQ(InChild([&]() -> std::string {
              Ready ready;
              const absl::Status status =
                  set->Wait(absl::ZeroDuration(), absl::MakeSpan(&ready, 1)).status();
              const absl::Status added = set->Add(*ends.sender, 1, 1);
              absl::StatusOr<WaitSet> own = WaitSet::Create({GetParam()});
              if (!own.ok()) return std::string(own.status().message());
              const absl::Status inherited = own->Add(*ends.receiver, 1);
              const absl::Status inherited_sender = own->Add(*ends.sender, 1, 1);
              const absl::Status descriptor = set->fd().status();
              set.reset();
              ends.receiver.reset();
              return absl::StrCat(status.code(), added.code(), inherited.code(),
                                  inherited_sender.code(), descriptor.code());
            }),
            "99999")
      << "kFailedPrecondition, five times";
  // The parent's set works as before.
  std::thread sends([&] { EXPECT_OK(ends.sender->TrySend("a")); });
  EXPECT_THAT(TagsOf(*set, kPatience), ElementsAre(7));
  sends.join();
}

TEST_P(WaitSetTest, WakesAnOuterLoop) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  ASSERT_OK_AND_ASSIGN(const int fd, set.fd());
  ASSERT_OK_AND_ASSIGN(const int again, set.fd());
  EXPECT_EQ(fd, again);
  EXPECT_TRUE(IsReadable(fd)) << "not armed yet";
  const internal::UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ASSERT_OK(set.AddFd(event.get(), EPOLLIN, 9));
  for (int i = 0; i < 20; ++i) {
    // Drain, arm, wait.
    ASSERT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
    std::thread acts([&] {
      absl::SleepFor(absl::Milliseconds(i % 3));
      const uint64_t one = 1;
      if (i % 2 == 0) {
        EXPECT_OK(ends.sender->TrySend("a"));
      } else {
        EXPECT_EQ(write(event.get(), &one, sizeof(one)), 8);
      }
    });
    std::vector<uint64_t> tags;
    EXPECT_TRUE(Await([&] {
      if (!IsReadable(fd, kPatience)) return true;
      tags = TagsOf(set, absl::ZeroDuration());
      return !tags.empty();
    }));
    acts.join();
    EXPECT_THAT(tags, ElementsAre(i % 2 == 0 ? 7 : 9));
    EXPECT_TRUE(IsReadable(fd)) << "until a Wait returns 0";
    if (i % 2 == 0) {
      ASSERT_OK(ends.receiver->TryReceive());
    } else {
      uint64_t count;
      EXPECT_EQ(read(event.get(), &count, sizeof(count)), 8);
    }
  }
  // A new member is looked at.
  ASSERT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  Ends late;
  ASSERT_OK(late.sender->TrySend("a"));
  ASSERT_OK(set.Add(*late.receiver, 8));
  EXPECT_TRUE(IsReadable(fd));
  EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), ElementsAre(8));
  ASSERT_OK(late.receiver->TryReceive());
  ASSERT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  set.Interrupt();
  EXPECT_TRUE(IsReadable(fd, kPatience));
  Ready ready;
  EXPECT_THAT(set.Wait(absl::ZeroDuration(), absl::MakeSpan(&ready, 1)),
              StatusIs(absl::StatusCode::kCancelled));
}

// A bounded look makes the descriptor readable: a death wakes nothing.
TEST_P(WaitSetTest, AnOuterLoopNoticesADeath) {
  ReceiverOptions options;
  options.end_without_senders = true;
  Ends ends(options);
  testing::ChildProcess child = testing::ChildProcess::Fork([&] {
    absl::StatusOr<Sender> sender = Sender::Attach(*ends.channel);
    if (!sender.ok() || !sender->TrySend("a").ok()) return 1;
    for (;;) pause();
  });
  ASSERT_OK(ends.receiver->Receive(kPatience));
  ends.sender.reset();
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  ASSERT_OK_AND_ASSIGN(const int fd, set.fd());
  ASSERT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  child.Kill();
  EXPECT_TRUE(Await([&] {
    EXPECT_TRUE(IsReadable(fd, kPatience));
    return !TagsOf(set, absl::ZeroDuration()).empty();
  }));
  EXPECT_THAT(ends.receiver->TryReceive().status(), StatusIs(absl::StatusCode::kOutOfRange));
}

// The kernel cancels what a thread has armed when the thread ends.
TEST_P(WaitSetTest, AnotherThreadMayTakeOver) {
  Ends ends;
  WaitSet set = Create();
  ASSERT_OK(set.Add(*ends.receiver, 7));
  ASSERT_OK_AND_ASSIGN(const int fd, set.fd());
  std::thread([&] { EXPECT_THAT(TagsOf(set, absl::Milliseconds(1)), IsEmpty()); }).join();
  ASSERT_OK(ends.sender->TrySend("a"));
  EXPECT_TRUE(Await([&] {
    EXPECT_TRUE(IsReadable(fd, kPatience));
    return !TagsOf(set, absl::ZeroDuration()).empty();
  }));
  ASSERT_OK(ends.receiver->TryReceive());
  for (int i = 0; i < 5; ++i) {
    std::thread([&] {
      EXPECT_THAT(TagsOf(set, absl::Milliseconds(1)), IsEmpty());
      std::thread sends([&] { EXPECT_OK(ends.sender->TrySend("a")); });
      EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(7));
      sends.join();
      EXPECT_OK(ends.receiver->TryReceive());
    }).join();
  }
}

TEST(WaitSetMechanismTest, TheAutomaticChoiceSaysWhatIsRefused) {
  ASSERT_OK_AND_ASSIGN(const WaitSet set, WaitSet::Create());
  const WaitSetStatistics statistics = set.statistics();
  EXPECT_NE(statistics.mechanism, WaitMechanism::kAutomatic);
  EXPECT_EQ(statistics.refused.empty(), statistics.mechanism == WaitMechanism::kIoUring)
      << statistics.refused;
}

INSTANTIATE_FOR_MECHANISMS(WaitSetTest);

}  // namespace
}  // namespace ipmpsc
