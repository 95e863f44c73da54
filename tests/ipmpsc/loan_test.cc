#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::StatusIs;

class LoanTest : public ::testing::Test {
 protected:
  LoanTest() {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 2;
    channel_ = *Channel::CreateAnonymous(options);
    sender_.emplace(*Sender::Attach(*channel_));
    receiver_.emplace(*Receiver::Attach(*channel_));
  }

  Loan Claim(size_t size) {
    absl::StatusOr<Loan> loan = sender_->TryClaim(size);
    EXPECT_OK(loan);
    return *std::move(loan);
  }
  // Returns the next message, or "none".
  std::string Next() {
    absl::StatusOr<Lease> lease = receiver_->Receive(absl::ZeroDuration());
    return lease.ok() ? std::string(lease->payload()) : "none";
  }
  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring();
  }

  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
};

TEST_F(LoanTest, IsWrittenInPlaceAtAnAlignedAddress) {
  Loan loan = Claim(5);
  EXPECT_EQ(loan.payload().size(), 5u);
  EXPECT_EQ(loan.position(), 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(loan.payload().data()) % 16, 0u);
  std::memcpy(loan.payload().data(), "hello", 5);
  EXPECT_EQ(Next(), "none") << "not published";
  char* const written = loan.payload().data();
  std::move(loan).Publish();
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver_->TryReceive());
  EXPECT_EQ(lease.payload(), "hello");
  EXPECT_EQ(lease.payload().data(), written) << "copied";
  EXPECT_EQ(lease.position(), 0u);
}

TEST_F(LoanTest, DroppedLoanIsDiscardedAndLaterMessagesAreReceived) {
  { const Loan loan = Claim(100); }
  ASSERT_OK(sender_->TrySend("next"));
  EXPECT_EQ(Next(), "next");
  EXPECT_EQ(Next(), "none");
  EXPECT_EQ(ring().receiver_slot->discarded_records, 1u);
  EXPECT_EQ(ring().sender_slots[sender_->slot()].sent_records, 1u);
}

TEST_F(LoanTest, DroppedLoanReleasesItsSpace) {
  { const Loan loan = Claim(channel_->max_payload()); }
  EXPECT_EQ(Next(), "none");
  EXPECT_EQ(ring().control->release_position, 4096u);
  EXPECT_OK(sender_->TrySend(std::string(channel_->max_payload(), 'x')));
}

TEST_F(LoanTest, ShorterPublicationReleasesTheRest) {
  Loan loan = Claim(channel_->max_payload());
  std::memcpy(loan.payload().data(), "short", 5);
  std::move(loan).Publish(5);
  {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver_->TryReceive());
    EXPECT_EQ(lease.payload(), "short");
  }
  EXPECT_EQ(Next(), "none");
  EXPECT_EQ(ring().control->release_position, 4096u) << "the rest is free as well";
  EXPECT_EQ(ring().sender_slots[sender_->slot()].sent_bytes, 5u);
  EXPECT_OK(sender_->TrySend(std::string(channel_->max_payload(), 'x')));
}

TEST_F(LoanTest, ShorterPublicationOfAnySizeKeepsTheRingIntact) {
  for (size_t claimed = 0; claimed < 70; ++claimed) {
    for (size_t size = 0; size <= claimed; ++size) {
      Loan loan = Claim(claimed);
      std::memset(loan.payload().data(), 'x', claimed);
      std::move(loan).Publish(size);
      ASSERT_OK(sender_->TrySend("behind it"));
      ASSERT_EQ(Next(), std::string(size, 'x')) << claimed << " " << size;
      ASSERT_EQ(Next(), "behind it") << claimed << " " << size;
    }
  }
}

TEST_F(LoanTest, OpenLoanHoldsBackLaterMessages) {
  ASSERT_OK_AND_ASSIGN(Sender other, Sender::Attach(*channel_));
  Loan loan = Claim(4);
  ASSERT_OK(other.TrySend("later"));
  EXPECT_EQ(Next(), "none");
  std::memcpy(loan.payload().data(), "loan", 4);
  std::move(loan).Publish();
  EXPECT_EQ(Next(), "loan");
  EXPECT_EQ(Next(), "later");
}

TEST_F(LoanTest, OutlivesItsSenderAndKeepsTheSlot) {
  Loan loan = Claim(4);
  const uint16_t slot = sender_->slot();
  sender_.reset();
  ASSERT_OK_AND_ASSIGN(const Sender other, Sender::Attach(*channel_));
  EXPECT_NE(other.slot(), slot);
  EXPECT_THAT(Sender::Attach(*channel_), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Next(), "none");
  std::memcpy(loan.payload().data(), "late", 4);
  std::move(loan).Publish();
  EXPECT_EQ(Next(), "late");
  ASSERT_OK_AND_ASSIGN(const Sender next, Sender::Attach(*channel_));
  EXPECT_EQ(next.slot(), slot);
}

TEST_F(LoanTest, DroppedAfterItsSenderFreesTheSlotToo) {
  std::optional<Loan> loan(Claim(4));
  sender_.reset();
  loan.reset();
  EXPECT_EQ(Next(), "none");
  EXPECT_EQ(ring().receiver_slot->discarded_records, 1u);
  EXPECT_EQ(ring().sender_slots[0].pid, 0u);
}

TEST_F(LoanTest, MovedFromLoanSettlesNothing) {
  Loan a = Claim(1);
  a.payload()[0] = 'a';
  {
    Loan b = std::move(a);
    EXPECT_EQ(Next(), "none");
    a = std::move(b);
  }
  EXPECT_EQ(Next(), "none") << "the end of a moved-from loan";
  std::move(a).Publish();
  EXPECT_EQ(Next(), "a");
}

TEST_F(LoanTest, AssigningOverAnOpenLoanDiscardsIt) {
  ASSERT_OK_AND_ASSIGN(Sender other, Sender::Attach(*channel_));
  Loan loan = Claim(1);
  ASSERT_OK_AND_ASSIGN(Loan second, other.TryClaim(1));
  second.payload()[0] = '2';
  loan = std::move(second);
  std::move(loan).Publish();
  EXPECT_EQ(Next(), "2");
  EXPECT_EQ(ring().receiver_slot->discarded_records, 1u);
}

TEST_F(LoanTest, SettlesAlsoAfterTheChannelWasClosed) {
  Loan loan = Claim(1);
  loan.payload()[0] = 'x';
  channel_->Close();
  std::move(loan).Publish();
  EXPECT_EQ(Next(), "x");
}

class LoanDeathTest : public LoanTest {
 protected:
  // A death test that only forks would inherit its handles.
  void SetUp() override { ::testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(LoanDeathTest, PublishingMoreThanWasClaimedAborts) {
  EXPECT_DEATH(
      {
        Loan loan = Claim(15);
        std::move(loan).Publish(16);
      },
      "the size exceeds the claimed size");
}

TEST_F(LoanDeathTest, PublishingTwiceAborts) {
  EXPECT_DEATH(
      {
        Loan loan = Claim(1);
        std::move(loan).Publish();
        std::move(loan).Publish();
      },
      "already published or moved from");
}

}  // namespace
}  // namespace ipmpsc
