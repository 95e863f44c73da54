// Tests ReceiverStart::kNow and ReceiveLatest: messages that are passed over for newer ones.
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/casts.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

// Longer than any test may take.
constexpr absl::Duration kPatience = absl::Minutes(5);

class ReceiveLatestTest : public SenderFixture {
 protected:
  Receiver AttachNow(bool end_without_senders = false) {
    ReceiverOptions options;
    options.start = ReceiverStart::kNow;
    options.end_without_senders = end_without_senders;
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_, options);
    EXPECT_OK(receiver);
    return *std::move(receiver);
  }

  static void Send(Sender* sender, int first, int last) {
    for (int i = first; i <= last; ++i) ASSERT_OK(sender->TrySend(absl::StrCat(i)));
  }

  // Leaves `count` discarded records.
  static void Discard(Sender* sender, int count) {
    for (int i = 0; i < count; ++i) ASSERT_OK(sender->TryClaim(10));
  }

  // Leaves the claim of a dead sender.
  void LeaveOrphan() {
    ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
      absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
      if (!sender.ok()) return sender.status().ToString();
      Sender* const kept = new Sender(*std::move(sender));  // not destroyed
      absl::StatusOr<Loan> loan = kept->TryClaim(10);
      if (!loan.ok()) return loan.status().ToString();
      new Loan(*std::move(loan));
      return "";
    });
    ASSERT_EQ(child.result(), "");
    child.Kill();
  }
};

// The functions that receive, each returning the payload.
struct WayToReceive {
  const char* name;
  std::function<absl::StatusOr<std::string>(Receiver*)> receive;
};

absl::StatusOr<std::string> PayloadOf(const absl::StatusOr<Lease>& lease) {
  if (!lease.ok()) return lease.status();
  return std::string(lease->payload());
}

const std::vector<WayToReceive>& WaysToReceive() {
  static const auto* const ways = new std::vector<WayToReceive>{
      {"TryReceive", [](Receiver* receiver) { return PayloadOf(receiver->TryReceive()); }},
      {"Receive",
       [](Receiver* receiver) { return PayloadOf(receiver->Receive(absl::ZeroDuration())); }},
      {"TryReceiveLatest",
       [](Receiver* receiver) { return PayloadOf(receiver->TryReceiveLatest()); }},
      {"ReceiveLatest",
       [](Receiver* receiver) {
         return PayloadOf(receiver->ReceiveLatest(absl::Milliseconds(1)));
       }},
      {"Drain",
       [](Receiver* receiver) -> absl::StatusOr<std::string> {
         std::string payload;
         const absl::StatusOr<size_t> count = receiver->Drain(
             [&payload](const Record& record) { payload = std::string(record.payload); }, 1);
         if (!count.ok()) return count.status();
         return payload;
       }},
  };
  return *ways;
}

// ReceiverStart::kNow.

TEST_F(ReceiveLatestTest, BacklogIsPassedOverAndItsSpaceGivenBack) {
  Sender sender = Attach();
  Send(&sender, 1, 5);
  Discard(&sender, 2);
  ASSERT_OK(sender.TrySendBatch({"ab", "cde"}));
  Receiver receiver = AttachNow();
  EXPECT_EQ(channel_->released_position(), sender.sent_position()) << "when it attaches";
  EXPECT_EQ(receiver.skipped().messages, 7u);
  EXPECT_EQ(receiver.skipped().bytes, 10u);
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  for (const WayToReceive& way : WaysToReceive()) {
    ASSERT_OK(sender.TrySend(way.name));
    ASSERT_OK_AND_ASSIGN(const std::string payload, way.receive(&receiver));
    EXPECT_EQ(payload, way.name);
  }
  EXPECT_EQ(receiver.skipped().messages, 7u);
  const std::optional<ReceiverStats> stats = channel_->Stats().receiver;
  ASSERT_TRUE(stats.has_value());
  EXPECT_EQ(stats->skipped_messages, 7u);
  EXPECT_EQ(stats->received_messages, 12u) << "those passed over count as received";
  EXPECT_EQ(stats->discarded_records, 2u);
}

TEST_F(ReceiveLatestTest, EmptyChannelHasNoBacklog) {
  Receiver receiver = AttachNow();
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend("first"));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(kPatience));
  EXPECT_EQ(lease.payload(), "first");
  EXPECT_EQ(receiver.skipped().messages, 0u);
}

// Records that were claimed before the receiver attached belong to the backlog, although a living
// sender commits one of them later.
TEST_F(ReceiveLatestTest, OpenClaimAndWhatIsBehindItBelongToTheBacklog) {
  for (const WayToReceive& way : WaysToReceive()) {
    SCOPED_TRACE(way.name);
    Sender slow = Attach();
    Sender sender = Attach();
    Send(&sender, 1, 2);
    ASSERT_OK_AND_ASSIGN(Loan loan, slow.TryClaim(3));
    const uint64_t open = loan.position();
    Send(&sender, 3, 5);
    Receiver receiver = AttachNow();
    EXPECT_EQ(channel_->released_position(), open) << "a living sender writes there";
    EXPECT_EQ(receiver.skipped().messages, 2u);
    EXPECT_FALSE(way.receive(&receiver).ok());
    ASSERT_OK(sender.TrySend("new"));
    EXPECT_FALSE(way.receive(&receiver).ok());
    std::move(loan).Publish();
    ASSERT_OK_AND_ASSIGN(const std::string payload, way.receive(&receiver));
    EXPECT_EQ(payload, "new");
    EXPECT_EQ(receiver.skipped().messages, 6u);
    ASSERT_OK(sender.TrySend("next"));
    ASSERT_OK_AND_ASSIGN(const std::string next, way.receive(&receiver));
    EXPECT_EQ(next, "next");
    EXPECT_EQ(receiver.skipped().messages, 6u);
  }
}

// A wait set passes over the backlog. No call returns its messages, so they are no event.
TEST_F(ReceiveLatestTest, BacklogDoesNotWakeAnEventLoop) {
  for (const bool commits_while_armed : {false, true}) {
    Sender sender = Attach();
    ASSERT_OK_AND_ASSIGN(Loan loan, sender.TryClaim(10));
    Receiver receiver = AttachNow();
    ASSERT_OK(receiver.Fd());
    if (commits_while_armed) {
      EXPECT_TRUE(receiver.Arm());
    }
    std::move(loan).Publish();
    bool armed = true;
    EXPECT_TRUE(Await([&] {
      armed = receiver.Arm();
      return !armed || receiver.skipped().messages == 1;
    }));
    EXPECT_TRUE(armed) << "the message is no event";
    EXPECT_EQ(receiver.skipped().messages, 1u);
    ASSERT_OK(sender.TrySend("new"));
    EXPECT_TRUE(Await([&] { return !receiver.Arm(); }));
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), "new");
  }
}

TEST_F(ReceiveLatestTest, OrphanInTheBacklogIsSteppedOver) {
  for (const WayToReceive& way : WaysToReceive()) {
    SCOPED_TRACE(way.name);
    Sender sender = Attach();
    Send(&sender, 1, 2);
    LeaveOrphan();
    Send(&sender, 3, 5);
    Receiver receiver = AttachNow();
    ASSERT_OK(sender.TrySend("new"));
    absl::StatusOr<std::string> payload = absl::UnavailableError("");
    // A poll may not look for the dead each time.
    ASSERT_TRUE(testing::Await([&] {
      payload = way.receive(&receiver);
      return payload.ok();
    }));
    EXPECT_EQ(*payload, "new");
    EXPECT_EQ(receiver.skipped().messages, 5u);
  }
  EXPECT_EQ(channel_->Stats().receiver->orphaned_records, WaysToReceive().size());
}

TEST_F(ReceiveLatestTest, ReceiverThatSleepsWakesForTheFirstNewMessage) {
  Sender slow = Attach();
  Sender sender = Attach();
  ASSERT_OK_AND_ASSIGN(Loan loan, slow.TryClaim(3));
  Send(&sender, 1, 3);
  Receiver receiver = AttachNow();
  std::thread sending([&] {
    // The receiver falls asleep before each. A shorter time makes the test weaker, not wrong.
    absl::SleepFor(absl::Milliseconds(20));
    std::move(loan).Publish();
    absl::SleepFor(absl::Milliseconds(20));
    EXPECT_OK(sender.TrySend("new"));
  });
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(kPatience));
  EXPECT_EQ(lease.payload(), "new");
  EXPECT_EQ(receiver.skipped().messages, 4u);
  sending.join();
}

// A program that ends with its senders is not ended by messages of earlier ones.
TEST_F(ReceiveLatestTest, BacklogIsNoSignOfASender) {
  {
    Sender sender = Attach();
    Send(&sender, 1, 3);
  }
  Receiver receiver = AttachNow(/*end_without_senders=*/true);
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(2)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  {
    Sender sender = Attach();
    Send(&sender, 4, 4);
  }
  { ASSERT_OK(receiver.Receive(kPatience)); }
  EXPECT_THAT(receiver.Receive(kPatience), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ReceiveLatestTest, EndIsReportedBehindTheBacklog) {
  Sender sender = Attach();
  Send(&sender, 1, 3);
  channel_->Close();
  Receiver receiver = AttachNow();
  EXPECT_EQ(receiver.skipped().messages, 3u);
  EXPECT_THAT(receiver.Receive(kPatience), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ReceiveLatestTest, DamageInTheBacklogIsReported) {
  for (const uint32_t kind : {0u, 7u}) {
    Sender sender = Attach();
    Send(&sender, 1, 1);
    ASSERT_OK_AND_ASSIGN(Loan loan, sender.TryClaim(1));
    const uint64_t position = loan.position();
    std::move(loan).Publish();
    Send(&sender, 2, 2);
    const uint64_t good = ring().HeaderAt(position)->description.load();
    internal::RecordDescription description = absl::bit_cast<internal::RecordDescription>(good);
    if (kind == 0) {
      description.length = 1 << 20;
    } else {
      description.kind = static_cast<internal::RecordKind>(kind);
    }
    ring().HeaderAt(position)->description.store(absl::bit_cast<uint64_t>(description));
    {
      Receiver receiver = AttachNow();
      EXPECT_EQ(receiver.skipped().messages, 1u);
      for (const WayToReceive& way : WaysToReceive()) {
        EXPECT_THAT(way.receive(&receiver), StatusIs(absl::StatusCode::kDataLoss)) << way.name;
      }
      EXPECT_EQ(channel_->released_position(), position);
    }
    ring().HeaderAt(position)->description.store(good);
    const Receiver receiver = AttachNow();
    EXPECT_EQ(receiver.skipped().messages, 2u);
  }
}

// The successor of a receiver that was killed gets what that one had neither received nor passed
// over.
TEST_F(ReceiveLatestTest, SuccessorDoesNotGetWhatWasPassedOver) {
  Sender sender = Attach();
  Send(&sender, 1, 3);
  ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
    new Receiver(AttachNow());  // not destroyed
    return "";
  });
  ASSERT_EQ(child.result(), "");
  Send(&sender, 4, 5);
  child.Kill();
  Receiver receiver = AttachReceiver();
  for (const char* expected : {"4", "5"}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
}

// ReceiveLatest.

TEST_F(ReceiveLatestTest, NewestIsTakenAndTheOthersAreReleased) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  EXPECT_THAT(receiver.TryReceiveLatest(), StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_THAT(receiver.ReceiveLatest(absl::Milliseconds(1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  Send(&sender, 1, 5);
  {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceiveLatest());
    EXPECT_EQ(lease.payload(), "5");
    EXPECT_EQ(receiver.skipped().messages, 4u);
    EXPECT_EQ(receiver.skipped().bytes, 4u);
    EXPECT_EQ(channel_->released_position(), lease.position());
    EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(channel_->released_position(), sender.sent_position());
  Send(&sender, 6, 6);
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.ReceiveLatest(kPatience));
  EXPECT_EQ(lease.payload(), "6");
  EXPECT_EQ(receiver.skipped().messages, 4u);
  channel_->Close();
  EXPECT_THAT(receiver.ReceiveLatest(kPatience), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ReceiveLatestTest, LeasesStayHeld) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  Send(&sender, 1, 4);
  std::vector<Lease> leases;
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(Lease lease, receiver.TryReceive());
    leases.push_back(std::move(lease));
  }
  ASSERT_OK_AND_ASSIGN(Lease latest, receiver.TryReceiveLatest());
  EXPECT_EQ(latest.payload(), "4");
  EXPECT_EQ(channel_->released_position(), leases[0].position());
  EXPECT_EQ(leases[1].payload(), "2");
  leases.erase(leases.begin());
  EXPECT_EQ(channel_->released_position(), leases[0].position());
  std::move(latest).Release();
  leases.clear();
  EXPECT_EQ(channel_->released_position(), sender.sent_position());
}

// More leases than there is room for at first.
TEST_F(ReceiveLatestTest, ManyLeases) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  std::vector<Lease> leases;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 9; ++j) {
      ASSERT_OK(sender.TrySend(absl::StrCat(i)));
      ASSERT_OK_AND_ASSIGN(Lease lease, receiver.TryReceiveLatest());
      leases.push_back(std::move(lease));
    }
    ASSERT_OK(sender.TrySend("passed over"));
  }
  EXPECT_EQ(receiver.skipped().messages, 2u);
  for (size_t i = 0; i < leases.size(); ++i) EXPECT_EQ(leases[i].payload(), absl::StrCat(i / 9));
}

TEST_F(ReceiveLatestTest, NewestBeforeAnOpenClaimIsTaken) {
  Sender slow = Attach();
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  Send(&sender, 1, 2);
  ASSERT_OK_AND_ASSIGN(Loan loan, slow.TryClaim(4));
  Send(&sender, 3, 4);
  {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceiveLatest());
    EXPECT_EQ(lease.payload(), "2");
  }
  std::move(loan).Publish();
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceiveLatest());
  EXPECT_EQ(lease.payload(), "4");
  EXPECT_EQ(receiver.skipped().messages, 3u);
}

TEST_F(ReceiveLatestTest, NewestBehindAnOrphanAndDiscardedRecordsIsTaken) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  Send(&sender, 1, 2);
  LeaveOrphan();
  Discard(&sender, 20);
  Send(&sender, 3, 3);
  Discard(&sender, 5);
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceiveLatest());
  EXPECT_EQ(lease.payload(), "3");
  EXPECT_EQ(receiver.skipped().messages, 2u);
  EXPECT_EQ(channel_->Stats().receiver->orphaned_records, 1u);
}

TEST_F(ReceiveLatestTest, HandlerOfDrainMaySkipAhead) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  Send(&sender, 1, 5);
  std::vector<std::string> seen;
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver.Drain([&](const Record& record) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceiveLatest());
    seen.push_back(absl::StrCat(record.payload, " ", lease.payload()));
    EXPECT_EQ(channel_->released_position(), record.position) << "the current record is held";
  }));
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(seen, std::vector<std::string>{"1 5"});
  EXPECT_EQ(channel_->released_position(), sender.sent_position());
}

TEST_F(ReceiveLatestTest, HandleInheritedThroughForkIsRefused) {
  Receiver receiver = AttachReceiver();
  EXPECT_THAT(InChild([&] { return receiver.TryReceiveLatest().status().ToString(); }),
              HasSubstr("FAILED_PRECONDITION"));
}

// Every message is either received or counted as passed over, and later calls give later messages.
TEST_F(ReceiveLatestTest, ReceivedAndSkippedAddUpUnderLoad) {
  constexpr uint64_t kMessages = 20000;
  std::thread sending([this] {
    Sender sender = Attach();
    for (uint64_t i = 1; i <= kMessages; ++i) {
      ASSERT_OK(sender.Send(absl::StrCat(i), kPatience));
    }
  });
  Receiver receiver = AttachReceiver();
  uint64_t received = 0;
  for (uint64_t last = 0; last != kMessages;) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.ReceiveLatest(kPatience));
    uint64_t number;
    ASSERT_TRUE(absl::SimpleAtoi(lease.payload(), &number));
    ASSERT_GT(number, last);
    last = number;
    ++received;
    ASSERT_EQ(received + receiver.skipped().messages, number);
  }
  sending.join();
  EXPECT_EQ(channel_->Stats().receiver->skipped_messages, receiver.skipped().messages);
}

// A ring with room for more discarded records than one look steps over.
class LargeRingTest : public ::testing::Test {
 protected:
  LargeRingTest() : channel_(*Channel::CreateAnonymous({})) {}

  const Channel channel_;
};

TEST_F(LargeRingTest, LongRunOfDiscardedRecordsHidesNothing) {
  for (const bool latest : {false, true}) {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel_));
    ReceiverOptions options;
    if (!latest) options.start = ReceiverStart::kNow;
    std::optional<Receiver> receiver;
    if (latest) receiver.emplace(*Receiver::Attach(channel_, options));
    ASSERT_OK(sender.TrySend("old"));
    for (int i = 0; i < 1000; ++i) ASSERT_OK(sender.TryClaim(10));
    ASSERT_OK(sender.TrySend("older"));
    if (!latest) {
      receiver.emplace(*Receiver::Attach(channel_, options));
      ASSERT_OK(sender.TrySend("new"));
    }
    ASSERT_OK_AND_ASSIGN(const Lease lease,
                         latest ? receiver->TryReceiveLatest() : receiver->TryReceive());
    EXPECT_EQ(lease.payload(), latest ? "older" : "new");
    EXPECT_EQ(receiver->skipped().messages, latest ? 1u : 2u);
  }
}

}  // namespace
}  // namespace ipmpsc
