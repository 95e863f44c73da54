#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
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

class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() {
    ChannelOptions options;
    options.capacity = 4096;
    channel_ = *Channel::CreateAnonymous(options);
    sender_.emplace(*Sender::Attach(*channel_));
    receiver_.emplace(*Receiver::Attach(*channel_));
  }

  Lease Receive() {
    absl::StatusOr<Lease> lease = receiver_->TryReceive();
    EXPECT_OK(lease);
    return *std::move(lease);
  }
  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring();
  }
  uint64_t released() const { return ring().control->release_position; }

  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
};

TEST_F(LeaseTest, EveryOrderOfFourReleasesGivesSpaceBackUpToTheOldestHeld) {
  std::vector<size_t> order = {0, 1, 2, 3};
  uint64_t start = 0;
  do {
    std::vector<std::optional<Lease>> leases;
    for (int i = 0; i < 4; ++i) {
      ASSERT_OK(sender_->TrySend(absl::StrCat("message ", i)));
      leases.emplace_back(Receive());
    }
    std::set<uint64_t> held = {0, 1, 2, 3};
    for (const size_t i : order) {
      // All held leases are unchanged.
      for (const uint64_t j : held) ASSERT_EQ(leases[j]->payload(), absl::StrCat("message ", j));
      leases[i].reset();
      held.erase(i);
      const uint64_t oldest = held.empty() ? 4 : *held.begin();
      ASSERT_EQ(released(), start + 64 * oldest);
    }
    start += 4 * 64;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(ring().receiver_slot->received_records, 24u * 4);
}

TEST_F(LeaseTest, SpaceOfAHeldLeaseIsNotGivenToSenders) {
  ASSERT_OK(sender_->TrySend(std::string(2032, 'a')));
  ASSERT_OK(sender_->TrySend(std::string(2032, 'b')));
  std::optional<Lease> a(Receive());
  std::optional<Lease> b(Receive());
  b.reset();
  EXPECT_THAT(sender_->TrySend(""), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(a->payload(), std::string(2032, 'a'));
  a.reset();
  EXPECT_OK(sender_->TrySend(std::string(4080, 'c')));
}

TEST_F(LeaseTest, DiscardedRecordsBehindTheOldestAreReleasedWithIt) {
  ASSERT_OK(sender_->TrySend("a"));
  { ASSERT_OK(sender_->TryClaim(100)); }
  ASSERT_OK(sender_->TrySend("b"));
  { ASSERT_OK(sender_->TryClaim(100)); }
  std::optional<Lease> a(Receive());
  std::optional<Lease> b(Receive());
  EXPECT_THAT(receiver_->Receive(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(released(), 0u);
  a.reset();
  EXPECT_EQ(released(), 64u + 128) << "up to b";
  b.reset();
  EXPECT_EQ(released(), 2 * (64u + 128));
}

TEST_F(LeaseTest, OutlivesItsReceiverAndKeepsItAttached) {
  ASSERT_OK(sender_->TrySend("held"));
  ASSERT_OK(sender_->TrySend("next"));
  std::optional<Lease> lease(Receive());
  receiver_.reset();
  EXPECT_THAT(Receiver::Attach(*channel_), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(lease->payload(), "held");
  EXPECT_EQ(released(), 0u);
  lease.reset();
  EXPECT_EQ(released(), 64u);
  receiver_.emplace(*Receiver::Attach(*channel_));
  EXPECT_EQ(Receive().payload(), "next");
}

TEST_F(LeaseTest, SeveralOutliveTheirReceiverInAnyOrder) {
  std::vector<std::optional<Lease>> leases;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(sender_->TrySend("x"));
    leases.emplace_back(Receive());
  }
  receiver_.reset();
  leases[2].reset();
  leases[0].reset();
  EXPECT_THAT(Receiver::Attach(*channel_), StatusIs(absl::StatusCode::kAlreadyExists));
  leases[1].reset();
  EXPECT_EQ(released(), 192u);
  EXPECT_OK(Receiver::Attach(*channel_));
}

TEST_F(LeaseTest, OutlivesItsChannelObject) {
  ASSERT_OK(sender_->TrySend("mapped"));
  std::optional<Lease> lease(Receive());
  channel_.reset();
  sender_.reset();
  receiver_.reset();
  EXPECT_EQ(lease->payload(), "mapped");
}

TEST_F(LeaseTest, MovedFromLeaseReleasesNothing) {
  ASSERT_OK(sender_->TrySend("a"));
  std::optional<Lease> a(Receive());
  {
    Lease moved = *std::move(a);
    a.reset();
    EXPECT_EQ(released(), 0u);
    EXPECT_EQ(moved.payload(), "a");
  }
  EXPECT_EQ(released(), 64u);
}

TEST_F(LeaseTest, AssignmentReleasesTheOldLeaseButNotItself) {
  ASSERT_OK(sender_->TrySend("a"));
  ASSERT_OK(sender_->TrySend("b"));
  Lease lease = Receive();
  Lease& same = lease;
  lease = std::move(same);
  EXPECT_EQ(released(), 0u);
  EXPECT_EQ(lease.payload(), "a");
  lease = Receive();
  EXPECT_EQ(released(), 64u);
  EXPECT_EQ(lease.payload(), "b");
}

TEST_F(LeaseTest, ReleaseIsImmediateAndTheDestructorReleasesNothingMore) {
  ASSERT_OK(sender_->TrySend("a"));
  {
    Lease lease = Receive();
    std::move(lease).Release();
    EXPECT_EQ(released(), 64u);
  }
  EXPECT_EQ(released(), 64u);
  EXPECT_EQ(ring().receiver_slot->received_records, 1u);
}

TEST_F(LeaseTest, ReceiverHoldsALeaseOfEveryRecordInTheRing) {
  std::vector<Lease> leases;
  while (sender_->TrySend("").ok()) leases.push_back(Receive());
  EXPECT_EQ(leases.size(), 64u);
  std::reverse(leases.begin(), leases.end());
  while (leases.size() > 1) leases.erase(leases.begin());
  EXPECT_EQ(released(), 0u);
  leases.clear();
  EXPECT_EQ(released(), 4096u);
}

}  // namespace
}  // namespace ipmpsc
