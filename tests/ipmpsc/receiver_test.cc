#include "ipmpsc/receiver.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/casts.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReceiverTest : public ::testing::Test {
 protected:
  ReceiverTest() {
    ChannelOptions options;
    options.capacity = 4096;
    absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
    EXPECT_OK(channel);
    channel_ = *std::move(channel);
  }

  Receiver Attach() {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
    EXPECT_OK(receiver);
    return *std::move(receiver);
  }
  void Send(const std::string& payload) {
    if (!sender_) {
      absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
      ASSERT_OK(sender);
      sender_.emplace(*std::move(sender));
    }
    ASSERT_OK(sender_->TrySend(payload));
  }
  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring();
  }
  void SetRecord(uint64_t position, internal::RecordDescription description) {
    ring().HeaderAt(position)->description = absl::bit_cast<uint64_t>(description);
    ring().HeaderAt(position)->stamp = ring().StampOf(position);
  }

  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
};

TEST_F(ReceiverTest, EmptyRingWithoutAWaitIsAnErrorWithoutText) {
  Receiver receiver = Attach();
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_THAT(receiver.Drain([](const Record&) {}), StatusIs(absl::StatusCode::kUnavailable, ""));
  for (const absl::Duration timeout :
       {absl::ZeroDuration(), absl::Seconds(-5), -absl::InfiniteDuration()}) {
    EXPECT_THAT(receiver.Receive(timeout), StatusIs(absl::StatusCode::kDeadlineExceeded, ""));
  }
}

TEST_F(ReceiverTest, TimeoutNamesTheWaitAndTheState) {
  Receiver receiver = Attach();
  const auto none = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kDeadlineExceeded,
                    AllOf(HasSubstr("no message for "), HasSubstr(text)));
  };
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(2)), none("no sender is attached"));
  SenderOptions options;
  options.name = "camera\n\xff";
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_, options));
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(2)), none("nothing was sent"));
  ASSERT_OK_AND_ASSIGN(const Loan loan, sender.TryClaim(1));
  const std::string writer =
      absl::StrCat("sender 0 (\"camera\\n\\377\", process ", getpid(), ") has claimed position 0");
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(2)), none(writer));
  EXPECT_THAT(receiver.Receive(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr(writer)));
}

TEST_F(ReceiverTest, PassedDeadlineStillReceivesAMessage) {
  Receiver receiver = Attach();
  Send("x");
  EXPECT_OK(receiver.Receive(absl::Seconds(-1)));
}

TEST_F(ReceiverTest, PositionsGrowByTheRecordsSizeAcrossLaps) {
  Receiver receiver = Attach();
  uint64_t expected = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string payload(static_cast<size_t>(i % 90), static_cast<char>('a' + i % 26));
    Send(payload);
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.position(), expected);
    EXPECT_EQ(lease.payload(), payload);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(lease.payload().data()) % 16, 0u);
    expected += internal::RecordSize(payload.size());
  }
  EXPECT_GT(expected, 5u * 4096);
}

TEST_F(ReceiverTest, SecondReceiverGetsThePidOfTheFirst) {
  {
    const Receiver first = Attach();
    EXPECT_THAT(
        Receiver::Attach(*channel_),
        StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(absl::StrCat("process ", getpid()))));
  }
  EXPECT_EQ(ring().receiver_slot->pid, 0u);
  EXPECT_OK(Receiver::Attach(*channel_));
  EXPECT_EQ(ring().receiver_slot->epoch, 2u);
}

TEST_F(ReceiverTest, ReceiverOfAnotherProcessIsNamedUntilItDies) {
  ChildProcess child = ChildProcess::ForkAndHold([this] {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
    if (!receiver.ok()) return receiver.status().ToString();
    new Receiver(*std::move(receiver));
    return std::string();
  });
  ASSERT_EQ(child.result(), "");
  EXPECT_THAT(
      Receiver::Attach(*channel_),
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(absl::StrCat("process ", child.pid()))));
  child.Kill();
  EXPECT_OK(Receiver::Attach(*channel_));
}

TEST_F(ReceiverTest, NextReceiverGetsUnreleasedMessagesAtTheSamePositions) {
  for (const char* payload : {"0", "1", "2", "3"}) Send(payload);
  {
    Receiver receiver = Attach();
    ASSERT_OK(receiver.TryReceive());  // 0, released
    ASSERT_OK_AND_ASSIGN(const Lease one, receiver.TryReceive());
    EXPECT_EQ(one.position(), 64u);
    ASSERT_OK(receiver.TryReceive());  // 2, released out of order
  }
  {
    // The end of `one` released it, and with it everything up to `2`.
    Receiver receiver = Attach();
    ASSERT_OK_AND_ASSIGN(const Lease three, receiver.TryReceive());
    EXPECT_EQ(three.position(), 192u);
  }
  Send("4");
  ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
    if (!receiver.ok()) return receiver.status().ToString();
    Receiver* const kept = new Receiver(*std::move(receiver));
    absl::StatusOr<Lease> lease = kept->TryReceive();
    if (!lease.ok()) return lease.status().ToString();
    return absl::StrCat((new Lease(*std::move(lease)))->position());
  });
  EXPECT_EQ(child.result(), "256");
  child.Kill();
  Receiver receiver = Attach();
  ASSERT_OK_AND_ASSIGN(const Lease again, receiver.TryReceive());
  EXPECT_EQ(again.position(), 256u);
  EXPECT_EQ(again.payload(), "4");
}

// Drain.

TEST_F(ReceiverTest, DrainHandlesAllReleasesThemAndCounts) {
  Receiver receiver = Attach();
  for (const char* payload : {"a", "bb", "ccc"}) Send(payload);
  std::vector<std::string> got;
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver.Drain([&](const Record& record) {
    got.push_back(absl::StrCat(record.payload, "@", record.position, "/", record.sender));
    EXPECT_EQ(ring().control->release_position, 0u) << "not before its handler";
  }));
  EXPECT_EQ(count, 3u);
  EXPECT_THAT(got, ElementsAre("a@0/0", "bb@64/0", "ccc@128/0"));
  EXPECT_EQ(ring().control->release_position, 192u);
  EXPECT_EQ(ring().receiver_slot->received_records, 3u);
  EXPECT_EQ(ring().receiver_slot->received_bytes, 6u);
}

TEST_F(ReceiverTest, DrainHoldsBackASixteenthOfTheCapacityAtMost) {
  Receiver receiver = Attach();
  for (int i = 0; i < 20; ++i) Send("x");  // 64 bytes each, of 4096
  std::vector<uint64_t> released;
  ASSERT_OK(
      receiver.Drain([&](const Record&) { released.push_back(ring().control->release_position); }));
  for (uint64_t i = 0; i < 20; ++i) EXPECT_EQ(released[i], i / 4 * 256) << i;
}

TEST_F(ReceiverTest, DrainHoldsNothingBackFromASenderThatSleeps) {
  Receiver receiver = Attach();
  for (int i = 0; i < 4; ++i) Send("x");
  std::vector<uint64_t> released;
  ASSERT_OK(receiver.Drain([&](const Record&) {
    released.push_back(ring().control->release_position);
    if (released.size() == 2) ring().control->senders_wait |= 1;
  }));
  EXPECT_THAT(released, ElementsAre(0, 0, 128, 128))
      << "with the second message; then all are awake";
  EXPECT_EQ(ring().control->release_position, 256u);
}

TEST(ReceiverOfLargeRingTest, DrainReleasesInStepsOf64Messages) {
  ChannelOptions options;
  options.capacity = 1 << 20;
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(options));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  for (int i = 0; i < 150; ++i) ASSERT_OK(sender.TrySend("x"));
  const auto& release_position =
      internal::ChannelAccess::SegmentOf(channel)->ring().control->release_position;
  std::vector<uint64_t> released;
  ASSERT_OK(receiver.Drain([&](const Record&) { released.push_back(release_position); }));
  for (uint64_t i = 0; i < 150; ++i) EXPECT_EQ(released[i], i / 64 * 64 * 64) << i;
  EXPECT_EQ(release_position, 150 * 64u);
}

TEST_F(ReceiverTest, DrainStopsAtItsLimit) {
  Receiver receiver = Attach();
  for (int i = 0; i < 5; ++i) Send("x");
  int handled = 0;
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver.Drain([&](const Record&) { ++handled; }, 2));
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(handled, 2);
  EXPECT_OK(receiver.TryReceive());
}

TEST_F(ReceiverTest, DrainStopsIfItsHandlerAsksForIt) {
  Receiver receiver = Attach();
  for (const char* payload : {"a", "b", "c"}) Send(payload);
  ASSERT_OK_AND_ASSIGN(const size_t count,
                       receiver.Drain([](const Record& record) { return record.payload != "b"; }));
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(ring().control->release_position, 128u) << "b was handled";
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "c");
}

TEST_F(ReceiverTest, DrainWithoutALimitEndsAtTheMessagesSentBeforeTheCall) {
  Receiver receiver = Attach();
  for (int i = 0; i < 3; ++i) Send("before");
  int handled = 0;
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver.Drain([&](const Record&) {
    ++handled;
    Send("meanwhile");
  }));
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(handled, 3);
  ASSERT_OK_AND_ASSIGN(const size_t rest, receiver.Drain([](const Record&) {}));
  EXPECT_EQ(rest, 3u);
}

TEST_F(ReceiverTest, ThrowingHandlerHasHandledItsMessage) {
  Receiver receiver = Attach();
  for (const char* payload : {"a", "b", "c"}) Send(payload);
  const auto throw_at_b = [](const Record& record) {
    if (record.payload == "b") throw std::runtime_error("b");
  };
  EXPECT_THROW((void)receiver.Drain(throw_at_b), std::runtime_error);
  EXPECT_EQ(ring().control->release_position, 128u);
  EXPECT_EQ(ring().receiver_slot->received_records, 2u);
  {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), "c");
  }
  // No space is lost.
  for (int i = 0; i < 200; ++i) {
    Send(std::string(1000, 'x'));
    EXPECT_THROW((void)receiver.Drain([](const Record&) { throw std::runtime_error("each time"); }),
                 std::runtime_error);
  }
  { const Receiver gone = std::move(receiver); }
  EXPECT_FALSE(channel_->HasReceiver());
}

TEST_F(ReceiverTest, AHandlerMayReceiveAndDrain) {
  Receiver receiver = Attach();
  for (const char* payload : {"a", "b", "c", "d", "e"}) Send(payload);
  std::vector<std::string> got;
  std::optional<Lease> kept;
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver.Drain([&](const Record& outer) {
    if (got.empty()) {
      got.emplace_back(outer.payload);
      ASSERT_OK_AND_ASSIGN(kept, receiver.TryReceive());
      ASSERT_OK_AND_ASSIGN(
          const size_t inner_count,
          receiver.Drain([&](const Record& inner) { got.emplace_back(inner.payload); }, 2));
      EXPECT_EQ(inner_count, 2u);
      EXPECT_EQ(ring().control->release_position, 0u) << "the outer message is still in hand";
      EXPECT_EQ(outer.payload, "a");
    } else {
      got.emplace_back(outer.payload);
    }
  }));
  EXPECT_EQ(count, 2u);
  EXPECT_THAT(got, ElementsAre("a", "c", "d", "e"));
  EXPECT_EQ(kept->payload(), "b");
  EXPECT_EQ(ring().control->release_position, 64u) << "the lease holds the rest";
  kept.reset();
  EXPECT_EQ(ring().control->release_position, 320u);
}

TEST_F(ReceiverTest, AHandlerMayDestroyItsReceiver) {
  std::optional<Receiver> receiver(Attach());
  for (const char* payload : {"a", "b"}) Send(payload);
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver->Drain([&](const Record& record) {
    receiver.reset();
    EXPECT_EQ(record.payload, "a") << "stays while the handler runs";
  }));
  EXPECT_EQ(count, 1u);
  Receiver next = Attach();
  ASSERT_OK_AND_ASSIGN(const Lease lease, next.TryReceive());
  EXPECT_EQ(lease.payload(), "b");
}

TEST_F(ReceiverTest, AHandlerMayMoveItsReceiver) {
  std::optional<Receiver> receiver(Attach());
  for (const char* payload : {"a", "b"}) Send(payload);
  std::optional<Receiver> moved;
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver->Drain([&](const Record&) {
    if (!moved) moved.emplace(*std::move(receiver));
  }));
  EXPECT_GE(count, 1u);
  Send("c");
  ASSERT_OK(moved->Drain([](const Record&) {}));
  EXPECT_EQ(ring().control->release_position, 192u);
}

TEST_F(ReceiverTest, DrainHandlesMessagesBeforeTheDamageAndReportsItNextTime) {
  Receiver receiver = Attach();
  Send("good");
  Send("bad");
  SetRecord(64, {0xffffffff, 0, internal::RecordKind::kMessage, 0});
  ASSERT_OK_AND_ASSIGN(const size_t count, receiver.Drain([](const Record&) {}));
  EXPECT_EQ(count, 1u);
  EXPECT_THAT(receiver.Drain([](const Record&) { FAIL(); }), StatusIs(absl::StatusCode::kDataLoss));
}

// The end.

TEST_F(ReceiverTest, CloseIsReportedAfterTheLastMessageAndStays) {
  Receiver receiver = Attach();
  Send("last");
  channel_->Close();
  EXPECT_OK(receiver.TryReceive());
  const auto closed = StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("closed"));
  EXPECT_THAT(receiver.Receive(absl::InfiniteDuration()), closed);
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(receiver.TryReceive(), closed);
    EXPECT_THAT(receiver.Receive(absl::ZeroDuration()), closed);
    EXPECT_THAT(receiver.Drain([](const Record&) {}), closed);
  }
}

TEST_F(ReceiverTest, CloseIsNotReportedWhileALoanIsOpen) {
  Receiver receiver = Attach();
  Send("x");
  ASSERT_OK_AND_ASSIGN(Loan loan, sender_->TryClaim(4));
  channel_->Close();
  EXPECT_OK(receiver.TryReceive());
  EXPECT_THAT(receiver.Receive(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  std::move(loan).Publish();
  EXPECT_OK(receiver.Receive(absl::ZeroDuration()));
  EXPECT_THAT(receiver.Receive(absl::ZeroDuration()), StatusIs(absl::StatusCode::kOutOfRange));
}

// Damage.

TEST_F(ReceiverTest, AttachToContradictoryPositionsNamesThem) {
  const uint64_t claims[] = {uint64_t{0} - 64, 4160, 16, ~uint64_t{0}, uint64_t{1} << 63};
  for (const uint64_t claim : claims) {
    ring().control->claim_word = claim;
    EXPECT_THAT(Receiver::Attach(*channel_),
                StatusIs(absl::StatusCode::kDataLoss,
                         AllOf(HasSubstr(absl::StrCat("claim word ", claim)),
                               HasSubstr("release position 0"), HasSubstr("4096"))));
  }
  ring().control->claim_word = 64;
  ring().control->release_position = 8;
  EXPECT_THAT(Receiver::Attach(*channel_), StatusIs(absl::StatusCode::kDataLoss));
  ring().control->release_position = 0;
  ring().control->claim_word = 0;
  EXPECT_OK(Receiver::Attach(*channel_)) << "a refused receiver has not kept the lock";
}

TEST_F(ReceiverTest, DataLossOfARecordNamesItsPositionAndHeaderAndStays) {
  Receiver receiver = Attach();
  Send("fine");
  Send("scribbled over");
  SetRecord(64, {5, 0xffff, internal::RecordKind::kMessage, 0});
  EXPECT_OK(receiver.TryReceive());
  const auto damaged = StatusIs(absl::StatusCode::kDataLoss,
                                AllOf(HasSubstr("position 64"), HasSubstr("0x0001ffff00000005")));
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(receiver.TryReceive(), damaged);
    EXPECT_THAT(receiver.Receive(absl::InfiniteDuration()), damaged);
    EXPECT_THAT(receiver.Drain([](const Record&) {}), damaged);
  }
}

TEST_F(ReceiverTest, DataLossOfAnUnownedClaimNamesItAndStays) {
  for (const uint64_t claim : {uint64_t{64}, uint64_t{1} << 40, ~uint64_t{0} - 63, uint64_t{16}}) {
    ring().control->claim_word = 0;
    Receiver receiver = Attach();
    ring().control->claim_word = claim;
    const auto damaged = StatusIs(absl::StatusCode::kDataLoss,
                                  AllOf(HasSubstr("position 0"), HasSubstr(absl::StrCat(claim))));
    EXPECT_THAT(receiver.Receive(absl::InfiniteDuration()), damaged);
    for (int i = 0; i < 10; ++i) {
      EXPECT_THAT(receiver.TryReceive(), damaged);
      EXPECT_THAT(receiver.Receive(absl::ZeroDuration()), damaged);
    }
  }
}

TEST_F(ReceiverTest, PollsFindAnUnownedClaim) {
  Receiver receiver = Attach();
  ring().control->claim_word = 64;
  absl::Status status;
  do {
    status = receiver.TryReceive().status();
  } while (absl::IsUnavailable(status));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ReceiverTest, PollsStepOverDeadSendersAndReleaseTheirSpace) {
  ring().sender_slots[7].intent_size = 4096;
  ring().sender_slots[7].intent_position = 0;
  ring().control->claim_word = 4096;
  Receiver receiver = Attach();
  while (ring().control->release_position == 0) {
    ASSERT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(ring().control->release_position, 4096u);
  Send("next");
  EXPECT_OK(receiver.TryReceive());
}

TEST_F(ReceiverTest, PollStepsOverOneDeadSenderAndTheNextContinues) {
  for (uint16_t slot = 5; slot < 8; ++slot) {
    ring().sender_slots[slot].intent_size = 64;
    ring().sender_slots[slot].intent_position = 64 * (slot - 5u);
  }
  SetRecord(192, {1, 0, internal::RecordKind::kMessage, 0});
  ring().control->claim_word = 256;
  Receiver receiver = Attach();
  const std::atomic<uint64_t>& orphaned = ring().receiver_slot->orphaned_records;
  for (uint64_t i = 1; i < 3; ++i) {
    EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(orphaned, i);
  }
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(orphaned, 3u);
  EXPECT_EQ(lease.position(), 192u);
}

TEST_F(ReceiverTest, AScribbledReleasePositionIsIgnored) {
  Receiver receiver = Attach();
  Send("a");
  Send("b");
  ring().control->release_position = 0xdead;
  ASSERT_OK_AND_ASSIGN(Lease a, receiver.TryReceive());
  EXPECT_EQ(a.payload(), "a");
  std::move(a).Release();
  EXPECT_EQ(ring().control->release_position, 64u);
  EXPECT_OK(receiver.TryReceive());
}

}  // namespace
}  // namespace ipmpsc
