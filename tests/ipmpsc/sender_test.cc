#include "ipmpsc/sender.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/receiver.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class SenderTest : public SenderFixture {
 protected:
  using SenderFixture::SenderFixture;

  // Returns the result of each function that sends, for this message.
  std::vector<absl::Status> SendInEveryWay(Sender* sender, const std::string& payload) {
    const auto write = [&](size_t, absl::Span<char> to) { payload.copy(to.data(), to.size()); };
    return {
        sender->TrySend(payload),
        sender->Send(payload, absl::ZeroDuration()),
        sender->Send(payload, kLong),
        sender->SendWhenEmpty(payload, absl::ZeroDuration()),
        sender->TrySendBatch({payload}),
        sender->TrySendBatch({"", payload}),
        sender->SendBatch({payload}, kLong),
        sender->TryWriteBatch({0, payload.size()}, write),
        sender->WriteBatch({payload.size()}, write, kLong),
        sender->TryClaim(payload.size()).status(),
        sender->Claim(payload.size(), kLong).status(),
        sender->ClaimWhenEmpty(payload.size(), kLong).status(),
    };
  }
};

TEST_F(SenderTest, EveryWayToSendArrivesInOrder) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  ASSERT_OK(sender.SendWhenEmpty("1", absl::ZeroDuration()));
  ASSERT_OK(sender.TrySend("2"));
  ASSERT_OK(sender.Send("3", absl::ZeroDuration()));
  ASSERT_OK(sender.TrySend(""));
  for (const char* expected : {"1", "2", "3", ""}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), expected);
    EXPECT_EQ(lease.sender(), sender.slot());
  }
}

TEST_F(SenderTest, EmptyMessagesAtNull) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  ASSERT_OK(sender.TrySend(absl::string_view()));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload().size(), 0u);
}

TEST_F(SenderTest, LongestMessageFitsAndALongerOneIsRefused) {
  Sender sender = Attach();
  const std::string longest(channel_->max_payload(), 'x');
  for (const absl::Status& status : SendInEveryWay(&sender, longest + "x")) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 AllOf(HasSubstr("4081"), HasSubstr("4080"))));
  }
  EXPECT_THAT(sender.TryClaim(~size_t{0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("18446744073709551615")));
  EXPECT_EQ(ring().control->claim_word, 0u);
  EXPECT_OK(sender.TrySend(longest));
  EXPECT_EQ(ring().control->claim_word, 4096u);
}

TEST_F(SenderTest, FullRingWithoutAWaitIsAnErrorWithoutText) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(channel_->max_payload(), 'x')));
  const auto full = StatusIs(absl::StatusCode::kResourceExhausted, "");
  const auto late = StatusIs(absl::StatusCode::kDeadlineExceeded, "");
  EXPECT_THAT(sender.TrySend(""), full);
  EXPECT_THAT(sender.TryClaim(0), full);
  for (const absl::Duration timeout :
       {absl::ZeroDuration(), absl::Seconds(-5), -absl::InfiniteDuration()}) {
    EXPECT_THAT(sender.Send("", timeout), late);
    EXPECT_THAT(sender.SendWhenEmpty("", timeout), late);
    EXPECT_THAT(sender.Claim(0, timeout), late);
    EXPECT_THAT(sender.ClaimWhenEmpty(0, timeout), late);
  }
  EXPECT_EQ(ring().control->claim_word, 4096u);
  const internal::SenderSlot& own = ring().sender_slots[sender.slot()];
  EXPECT_EQ(own.intent_position, ~uint64_t{0}) << "giving up leaves no intent";
  EXPECT_EQ(own.refused, 2u);
  EXPECT_EQ(own.full_waits, 0u);
}

TEST_F(SenderTest, TimeoutNamesTheWaitTheUseAndTheReceiver) {
  SenderOptions options;
  options.name = "camera";
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_, options));
  ASSERT_OK(sender.TrySend(std::string(1000, 'x')));
  ASSERT_OK(sender.TrySend(std::string(2000, 'x')));
  const auto full = [](const char* receiver) {
    return StatusIs(
        absl::StatusCode::kDeadlineExceeded,
        AllOf(HasSubstr("full for "), HasSubstr("3.07 kB of 4.1 kB used"), HasSubstr(receiver),
              HasSubstr("oldest message of sender 0 (\"camera\", "),
              HasSubstr(absl::StrCat("process ", getpid()))));
  };
  EXPECT_THAT(sender.Send(std::string(2000, 'y'), absl::Milliseconds(2)),
              full("no receiver attached"));
  const Receiver receiver = AttachReceiver();
  EXPECT_THAT(sender.Claim(2000, absl::Milliseconds(2)), full("receiver (\""));
  const internal::SenderSlot& own = ring().sender_slots[sender.slot()];
  EXPECT_EQ(own.full_waits, 2u);
  EXPECT_GE(own.waited_nanoseconds, 4'000'000u);
  EXPECT_EQ(own.refused, 0u);
  EXPECT_EQ(own.high_water, 3072u);
}

// A program may wait in many short calls, such as one that looks at signals in between.
TEST_F(SenderTest, VainWaitsOfSeveralCallsLeadToATurn) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(3000, 'x')));
  const internal::SenderSlot& own = ring().sender_slots[sender.slot()];
  for (int call = 0; call < 10; ++call) {
    EXPECT_THAT(sender.Send(std::string(3000, 'y'), absl::Milliseconds(1)),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_GT(own.turns, 0u);
}

// A sender that waits for long is seen to wait.
TEST_F(SenderTest, WaitCountsWhileItLasts) {
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend(std::string(3000, 'x')));
  const internal::SenderSlot& own = ring().sender_slots[sender.slot()];
  std::thread waiting([&sender] {
    EXPECT_THAT(sender.Send(std::string(3000, 'y'), absl::InfiniteDuration()),
                StatusIs(absl::StatusCode::kCancelled));
  });
  EXPECT_TRUE(Await([&own] { return own.waited_nanoseconds > 0; }));
  EXPECT_EQ(own.full_waits, 0u) << "the wait lasts";
  sender.Interrupt();
  waiting.join();
  EXPECT_EQ(own.full_waits, 1u);
}

TEST_F(SenderTest, PassedDeadlineStillSendsIfThereIsSpace) {
  Sender sender = Attach();
  EXPECT_OK(sender.Send("x", absl::Seconds(-1)));
}

TEST_F(SenderTest, SendWhenEmptyNeedsTheRelease) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  ASSERT_OK(sender.TrySend("first"));
  EXPECT_THAT(sender.SendWhenEmpty("late", absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_THAT(sender.SendWhenEmpty("late", absl::ZeroDuration()),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_OK(sender.SendWhenEmpty("fresh", absl::ZeroDuration()));
}

TEST_F(SenderTest, ClosedChannelRefusesAndIsNamed) {
  Sender sender = Attach();
  channel_->Close();
  const auto closed = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("closed"));
  for (const absl::Status& status : SendInEveryWay(&sender, "x")) EXPECT_THAT(status, closed);
  EXPECT_THAT(Sender::Attach(*channel_), closed);
}

TEST_F(SenderTest, OpenLoanRefusesAnother) {
  Sender sender = Attach();
  ASSERT_OK_AND_ASSIGN(Loan loan, sender.TryClaim(8));
  for (const absl::Status& status : SendInEveryWay(&sender, "x")) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("loan")));
  }
  std::move(loan).Publish();
  EXPECT_OK(sender.TrySend("x"));
}

TEST_F(SenderTest, ScribbledPositionsAreDataLossThatNamesThem) {
  const uint64_t scribbles[] = {uint64_t{0} - 64, 8192, 16, ~uint64_t{0}, uint64_t{1} << 63};
  for (const uint64_t claim : scribbles) {
    ring().control->claim_word = 0;
    Sender sender = Attach();
    ring().control->claim_word = claim;
    for (const absl::Status& status : SendInEveryWay(&sender, "x")) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss,
                                   AllOf(HasSubstr(absl::StrCat(claim)), HasSubstr("4096"))));
    }
    EXPECT_EQ(ring().control->claim_word, claim);
    EXPECT_EQ(ring().sender_slots[sender.slot()].intent_position, ~uint64_t{0});
  }
}

// Slots.

TEST_F(SenderTest, ExactlyMaxSendersAttach) {
  std::vector<Sender> senders;
  std::vector<bool> seen(4);
  for (int i = 0; i < 4; ++i) {
    senders.push_back(Attach());
    ASSERT_LT(senders.back().slot(), 4);
    EXPECT_FALSE(seen[senders.back().slot()]);
    seen[senders.back().slot()] = true;
  }
  EXPECT_THAT(Sender::Attach(*channel_),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("no sender slot is free: of 4, 4 belong to living senders"),
                             HasSubstr("process"), HasSubstr("max_senders"))));
  const uint16_t freed = senders[1].slot();
  senders.erase(senders.begin() + 1);
  EXPECT_EQ(Attach().slot(), freed);
}

TEST_F(SenderTest, SlotsNameTheirOwnersAndCountMessages) {
  uint16_t slot = 0;
  {
    Sender sender = Attach();
    slot = sender.slot();
    EXPECT_EQ(ring().sender_slots[slot].pid, static_cast<uint32_t>(getpid()));
    EXPECT_EQ(ring().sender_slots[slot].incarnation, 1u);
    ASSERT_OK(sender.TrySend("12345"));
    ASSERT_OK(sender.TrySend("678"));
    { ASSERT_OK(sender.TryClaim(100)); }  // discarded: not sent
  }
  EXPECT_EQ(ring().sender_slots[slot].pid, 0u);
  EXPECT_EQ(ring().sender_slots[slot].intent_position, ~uint64_t{0});
  const Sender again = Attach();
  EXPECT_EQ(again.slot(), slot);
  EXPECT_EQ(ring().sender_slots[slot].incarnation, 2u);
  EXPECT_EQ(ring().sender_slots[slot].sent_records, 2u);
  EXPECT_EQ(ring().sender_slots[slot].sent_bytes, 8u);
}

TEST_F(SenderTest, MoveKeepsTheSlotAndAssignmentReleasesTheOldOne) {
  Sender a = Attach();
  Sender b = Attach();
  const uint16_t slot_of_b = b.slot();
  a = std::move(b);
  EXPECT_EQ(a.slot(), slot_of_b);
  EXPECT_OK(a.TrySend("moved"));
  std::vector<Sender> rest;
  for (int i = 0; i < 3; ++i) rest.push_back(Attach());
}

class OneSenderTest : public SenderTest {
 protected:
  OneSenderTest() : SenderTest(1) {}
};

TEST_F(OneSenderTest, SlotOfADeadWriterIsFreeOnceTheReceiverHasSteppedOver) {
  ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
    if (!sender.ok()) return sender.status().ToString();
    new Sender(*std::move(sender));  // not destroyed
    absl::StatusOr<Sender> second = Sender::Attach(*channel_);
    return second.status().ToString();
  });
  EXPECT_THAT(child.result(), HasSubstr("no sender slot is free: of 1, 1 belong to living"));
  EXPECT_THAT(Sender::Attach(*channel_), StatusIs(absl::StatusCode::kResourceExhausted));
  child.Kill();
  { EXPECT_OK(Sender::Attach(*channel_)) << "it left nothing"; }

  ChildProcess writer = ChildProcess::ForkAndHold([this]() -> std::string {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
    if (!sender.ok()) return sender.status().ToString();
    Sender* const kept = new Sender(*std::move(sender));
    absl::StatusOr<Loan> loan = kept->TryClaim(100);
    if (!loan.ok()) return loan.status().ToString();
    new Loan(*std::move(loan));
    return "";
  });
  ASSERT_EQ(writer.result(), "");
  writer.Kill();
  EXPECT_THAT(Sender::Attach(*channel_),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("of 1, 0 belong to living senders, 1 wait until a receiver")));
  Receiver receiver = AttachReceiver();
  EXPECT_THAT(receiver.Receive(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(ring().receiver_slot->orphaned_records, 1u);
  EXPECT_EQ(ring().receiver_slot->orphaned_bytes, 128u);
  Sender sender = Attach();
  ASSERT_OK(sender.TrySend("next"));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "next");
}

TEST(SenderSequenceTest, MessagesGetTheNumbersThatTheSenderSets) {
  ChannelOptions options;
  options.timestamps = true;
  options.max_senders = 1;
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous(options));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const auto send_one = [&](Sender* sender) -> uint64_t {
    EXPECT_OK(sender->TrySend("x"));
    absl::StatusOr<Lease> lease = receiver.TryReceive();
    EXPECT_OK(lease);
    return lease->sequence();
  };
  {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    EXPECT_EQ(send_one(&sender), 1u);
    EXPECT_THAT(sender.SetNextSequence(0), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(sender.SetNextSequence(1), StatusIs(absl::StatusCode::kInvalidArgument,
                                                    HasSubstr("cannot have the number 1")));
    ASSERT_OK(sender.SetNextSequence(100));
    EXPECT_EQ(channel.Stats().senders[0].last_sequence, 99u);
    // The same again before a message has it.
    ASSERT_OK(sender.SetNextSequence(100));
    EXPECT_EQ(send_one(&sender), 100u);
    EXPECT_EQ(send_one(&sender), 101u);
    {
      ASSERT_OK_AND_ASSIGN(const Loan loan, sender.TryClaim(1));
      EXPECT_THAT(sender.SetNextSequence(200),
                  StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("a loan")));
    }
    EXPECT_THAT(InChild([&] { return sender.SetNextSequence(200).ToString(); }),
                HasSubstr("FAILED_PRECONDITION"));
  }
  // The next owner of the slot goes on from there.
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  EXPECT_THAT(sender.SetNextSequence(101), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(send_one(&sender), 102u);
  ASSERT_OK(sender.SetNextSequence(~uint64_t{0}));
  EXPECT_EQ(send_one(&sender), ~uint64_t{0});
}

TEST_F(SenderTest, ChannelsWithoutTimestampsHaveNoNumbers) {
  Sender sender = Attach();
  EXPECT_THAT(sender.SetNextSequence(5),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("timestamps")));
}

TEST_F(OneSenderTest, SlotOfASenderThatDiedAfterItsCommitIsFreeAtOnce) {
  ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
    if (!sender.ok()) return sender.status().ToString();
    Sender* const kept = new Sender(*std::move(sender));
    return kept->TrySend("last words").ToString();
  });
  ASSERT_EQ(child.result(), "OK");
  child.Kill();
  EXPECT_OK(Sender::Attach(*channel_));
  Receiver receiver = AttachReceiver();
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "last words");
}

}  // namespace
}  // namespace ipmpsc
