// Tests SenderOptions::deadline: waiting for a free slot.
#include <unistd.h>

#include <atomic>
#include <functional>
#include <optional>
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
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Longer than any test may take.
constexpr absl::Duration kPatience = absl::Minutes(5);
// Long enough for the waiter to fall asleep. Too short a time makes a test weaker, not wrong.
constexpr absl::Duration kUntilAsleep = absl::Milliseconds(30);

SenderOptions Within(absl::Duration patience, const std::string& name = "") {
  SenderOptions options;
  options.name = name;
  options.deadline = patience;
  return options;
}

class SenderSlotTest : public SenderFixture {
 protected:
  SenderSlotTest() : SenderFixture(1) {}

  // Attaches to `channel` with `kPatience` while another thread does `work`.
  static absl::Status AttachDuring(const Channel& channel, const std::function<void()>& work) {
    std::thread other([&work] {
      absl::SleepFor(kUntilAsleep);
      work();
    });
    absl::Status status = Sender::Attach(channel, Within(kPatience)).status();
    other.join();
    return status;
  }

  // Returns a child that holds the slot, with an open loan if `claims`.
  ChildProcess HoldInChild(bool claims) {
    return ChildProcess::ForkAndHold([this, claims]() -> std::string {
      absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
      if (!sender.ok()) return sender.status().ToString();
      Sender* const kept = new Sender(*std::move(sender));  // not destroyed
      if (!claims) return "";
      absl::StatusOr<Loan> loan = kept->TryClaim(100);
      if (!loan.ok()) return loan.status().ToString();
      new Loan(*std::move(loan));
      return "";
    });
  }
};

TEST_F(SenderSlotTest, FreeSlotIsTakenWithoutAWait) {
  EXPECT_OK(Sender::Attach(*channel_, Within(kPatience)));
}

TEST_F(SenderSlotTest, WaitsUntilASenderDetaches) {
  std::optional<Sender> holder = Attach();
  EXPECT_OK(AttachDuring(*channel_, [&] { holder.reset(); }));
}

TEST_F(SenderSlotTest, WaitsUntilASenderIsKilled) {
  ChildProcess holder = HoldInChild(/*claims=*/false);
  ASSERT_EQ(holder.result(), "");
  EXPECT_OK(AttachDuring(*channel_, [&] { holder.Kill(); }));
}

TEST_F(SenderSlotTest, WaitsUntilAReceiverHasSteppedOverADeadSendersClaim) {
  ChildProcess holder = HoldInChild(/*claims=*/true);
  ASSERT_EQ(holder.result(), "");
  holder.Kill();
  EXPECT_THAT(Sender::Attach(*channel_, Within(absl::Milliseconds(5))),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("of 1, 0 belong to living senders"),
                             HasSubstr("1 wait until a receiver"), Not(HasSubstr("which are")))));
  EXPECT_OK(AttachDuring(*channel_, [&] {
    Receiver receiver = AttachReceiver();
    EXPECT_THAT(receiver.Receive(absl::ZeroDuration()),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }));
}

TEST_F(SenderSlotTest, ChannelThatEndsEndsTheWait) {
  const SharedMemoryDirectory directory;
  for (const bool replaced : {false, true}) {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 1;
    options.exist_policy = ExistPolicy::kReplace;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(directory / "channel", options));
    ASSERT_OK_AND_ASSIGN(const Sender holder, Sender::Attach(channel));
    const auto end = [&] {
      if (replaced) {
        EXPECT_OK(Channel::Create(directory / "channel", options));
      } else {
        channel.Close();
      }
    };
    EXPECT_THAT(
        AttachDuring(channel, end),
        StatusIs(replaced ? absl::StatusCode::kAborted : absl::StatusCode::kFailedPrecondition));
  }
}

// Every one of several waiters gets the slot once those before it have gone.
TEST_F(SenderSlotTest, WaitersTakeTheSlotOneAfterTheOther) {
  std::optional<Sender> holder = Attach();
  std::atomic<int> owners{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 6; ++i) {
    waiters.emplace_back([&] {
      ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_, Within(kPatience)));
      EXPECT_EQ(owners.fetch_add(1), 0);
      EXPECT_OK(sender.TrySend("here"));
      owners.fetch_sub(1);
    });
  }
  absl::SleepFor(kUntilAsleep);
  holder.reset();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(ring().sender_slots[0].incarnation, 7u);
  EXPECT_EQ(ring().sender_slots[0].sent_records, 6u);
}

class SixSlotsTest : public SenderFixture {
 protected:
  SixSlotsTest() : SenderFixture(6) {}
};

TEST_F(SixSlotsTest, ErrorNamesTheOwnersAndTheWait) {
  std::vector<Sender> senders;
  for (int i = 0; i < 6; ++i) {
    ASSERT_OK_AND_ASSIGN(Sender sender,
                         Sender::Attach(*channel_, Within(kPatience, absl::StrCat("camera", i))));
    senders.push_back(std::move(sender));
  }
  const std::string process = absl::StrCat("process ", getpid(), ")");
  const absl::Time begin = absl::Now();
  EXPECT_THAT(
      Sender::Attach(*channel_, Within(absl::Milliseconds(20))),
      StatusIs(absl::StatusCode::kResourceExhausted,
               AllOf(HasSubstr("no sender slot is free after "),
                     HasSubstr(": of 6, 6 belong to living senders, which are sender 0"),
                     HasSubstr(absl::StrCat("sender 3 (\"camera3\", ", process, " and 2 more")),
                     HasSubstr("SenderOptions::deadline"), HasSubstr("max_senders"))));
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(20));
  EXPECT_THAT(Sender::Attach(*channel_), StatusIs(absl::StatusCode::kResourceExhausted,
                                                  HasSubstr("no sender slot is free: of 6")));
}

}  // namespace
}  // namespace ipmpsc
