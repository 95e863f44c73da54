// Tests Channel::Stats.
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::testing::SizeIs;

class ChannelStatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 4;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, options));
    channel_ = std::move(channel);
    ASSERT_OK_AND_ASSIGN(Channel looking, Channel::OpenReadOnly(path_));
    looking_ = std::move(looking);
  }

  Sender Attach(const std::string& name) {
    SenderOptions options;
    options.name = name;
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_, options);
    EXPECT_OK(sender);
    return *std::move(sender);
  }
  // By the read-only mapping. All that it says must be known from there.
  ChannelStats Stats() const { return looking_->Stats(); }
  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring();
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
  std::optional<Channel> channel_;
  std::optional<Channel> looking_;
};

TEST_F(ChannelStatsTest, OfANewChannel) {
  const ChannelStats stats = Stats();
  EXPECT_EQ(stats.id, channel_->id());
  EXPECT_EQ(stats.path, path_);
  EXPECT_LT(absl::AbsDuration(absl::Now() - stats.created), absl::Hours(1));
  EXPECT_EQ(stats.capacity, 4096u);
  EXPECT_EQ(stats.max_payload, 4096u - 16);
  EXPECT_EQ(stats.max_senders, 4u);
  EXPECT_FALSE(stats.timestamps);
  EXPECT_FALSE(stats.closed);
  EXPECT_FALSE(stats.replaced);
  EXPECT_FALSE(stats.damaged);
  EXPECT_EQ(stats.fill, 0u);
  EXPECT_FALSE(stats.turn.has_value());
  EXPECT_FALSE(stats.receiver.has_value());
  EXPECT_THAT(stats.senders, SizeIs(0));
  EXPECT_FALSE(stats.oldest_open_claim.has_value());
  EXPECT_FALSE(stats.oldest_record.has_value());
}

TEST_F(ChannelStatsTest, CountsMessagesOnBothSides) {
  Sender sender = Attach("camera");
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
  for (int i = 0; i < 3; ++i) ASSERT_OK(sender.TrySend("0123456789"));
  ASSERT_OK(receiver.TryReceive());
  const ChannelStats stats = Stats();
  EXPECT_EQ(stats.claim_position, 3u * 64);
  EXPECT_EQ(stats.release_position, 64u);
  EXPECT_EQ(stats.fill, 2u * 64);
  ASSERT_TRUE(stats.receiver.has_value());
  EXPECT_EQ(stats.receiver->liveness, Liveness::kAlive);
  EXPECT_EQ(stats.receiver->epoch, 1u);
  EXPECT_EQ(stats.receiver->received_messages, 1u);
  EXPECT_EQ(stats.receiver->received_bytes, 10u);
  ASSERT_THAT(stats.senders, SizeIs(1));
  EXPECT_EQ(stats.senders[0].name, "camera");
  EXPECT_EQ(stats.senders[0].liveness, Liveness::kAlive);
  EXPECT_EQ(stats.senders[0].pid, static_cast<uint32_t>(getpid()));
  EXPECT_TRUE(stats.senders[0].pid_is_ours);
  EXPECT_LT(absl::AbsDuration(absl::Now() - stats.senders[0].attached), absl::Hours(1));
  EXPECT_EQ(stats.senders[0].owners, 1u);
  EXPECT_EQ(stats.senders[0].sent_messages, 3u);
  EXPECT_EQ(stats.senders[0].sent_bytes, 30u);
  EXPECT_EQ(stats.attached_senders(), 1u);
  ASSERT_TRUE(stats.oldest_record.has_value());
  EXPECT_EQ(stats.oldest_record->position, 64u);
  EXPECT_TRUE(stats.oldest_record->committed);
  EXPECT_EQ(stats.oldest_record->payload_bytes, 10u);
}

TEST_F(ChannelStatsTest, TellsBackpressure) {
  Sender sender = Attach("camera");
  while (sender.TrySend(std::string(1000, 'x')).ok()) {
  }
  const ChannelStats stats = Stats();
  ASSERT_THAT(stats.senders, SizeIs(1));
  EXPECT_GE(stats.senders[0].refused, 1u);
  EXPECT_GT(stats.high_water, 2048u);
  EXPECT_EQ(stats.high_water, stats.senders[0].high_water);
}

TEST_F(ChannelStatsTest, NamesTheHolderOfTheOldestOpenClaim) {
  Sender first = Attach("first");
  Sender second = Attach("second");
  ASSERT_OK(first.TrySend("committed"));
  ASSERT_OK_AND_ASSIGN(Loan older, second.TryClaim(100));
  ASSERT_OK_AND_ASSIGN(Loan younger, first.TryClaim(10));
  ChannelStats stats = Stats();
  ASSERT_TRUE(stats.oldest_open_claim.has_value());
  EXPECT_EQ(stats.oldest_open_claim->position, 64u);
  EXPECT_EQ(stats.oldest_open_claim->bytes, 128u);
  EXPECT_EQ(stats.oldest_open_claim->sender, 1);
  ASSERT_THAT(stats.senders, SizeIs(2));
  ASSERT_TRUE(stats.senders[0].open_claim.has_value());
  EXPECT_EQ(stats.senders[0].open_claim->position, 192u);

  std::move(older).Publish(100);
  stats = Stats();
  ASSERT_TRUE(stats.oldest_open_claim.has_value());
  EXPECT_EQ(stats.oldest_open_claim->sender, 0);
  std::move(younger).Publish(10);
  EXPECT_FALSE(Stats().oldest_open_claim.has_value());
}

TEST_F(ChannelStatsTest, ADeadSenderLeavesItsPidAndItsClaim) {
  ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
    static std::optional<Sender> sender;
    static std::optional<Loan> loan;
    SenderOptions options;
    options.name = "victim";
    absl::StatusOr<Channel> channel = Channel::Open(path_);
    if (!channel.ok()) return channel.status().ToString();
    absl::StatusOr<Sender> attached = Sender::Attach(*channel, options);
    if (!attached.ok()) return attached.status().ToString();
    sender.emplace(*std::move(attached));
    absl::StatusOr<Loan> lent = sender->TryClaim(10);
    if (!lent.ok()) return lent.status().ToString();
    loan.emplace(*std::move(lent));
    return "";
  });
  ASSERT_EQ(child.result(), "");
  ChannelStats stats = Stats();
  ASSERT_THAT(stats.senders, SizeIs(1));
  EXPECT_EQ(stats.senders[0].liveness, Liveness::kAlive);
  EXPECT_EQ(stats.senders[0].pid, static_cast<uint32_t>(child.pid()));
  EXPECT_FALSE(stats.senders[0].died());
  child.Kill();
  stats = Stats();
  ASSERT_THAT(stats.senders, SizeIs(1));
  EXPECT_EQ(stats.senders[0].liveness, Liveness::kDead);
  EXPECT_EQ(stats.senders[0].name, "victim");
  EXPECT_TRUE(stats.senders[0].died());
  ASSERT_TRUE(stats.oldest_open_claim.has_value());
  EXPECT_EQ(stats.oldest_open_claim->sender, 0);
  ASSERT_TRUE(stats.oldest_record.has_value());
  EXPECT_FALSE(stats.oldest_record->committed);
}

TEST_F(ChannelStatsTest, ADetachedParticipantHasNoPid) {
  Attach("gone");
  ASSERT_OK(Receiver::Attach(*channel_));
  const ChannelStats stats = Stats();
  ASSERT_THAT(stats.senders, SizeIs(1));
  EXPECT_EQ(stats.senders[0].pid, 0u);
  EXPECT_FALSE(stats.senders[0].died());
  EXPECT_EQ(stats.senders[0].name, "gone");
  EXPECT_EQ(stats.attached_senders(), 0u);
  ASSERT_TRUE(stats.receiver.has_value());
  EXPECT_EQ(stats.receiver->liveness, Liveness::kDead);
  EXPECT_EQ(stats.receiver->pid, 0u);
}

TEST_F(ChannelStatsTest, APidOfAnotherNamespaceIsNotOurs) {
  const Sender sender = Attach("there");
  ring().sender_slots[0].pid_namespace.fetch_add(1);
  EXPECT_FALSE(Stats().senders[0].pid_is_ours);
  ring().sender_slots[0].pid_namespace.store(0);
  EXPECT_FALSE(Stats().senders[0].pid_is_ours);
}

TEST_F(ChannelStatsTest, LivenessIsUnknownWithoutTheDescriptor) {
  const Sender sender = Attach("camera");
  ASSERT_EQ(close(looking_->fd()), 0);
  const ChannelStats stats = Stats();
  ASSERT_THAT(stats.senders, SizeIs(1));
  EXPECT_EQ(stats.senders[0].liveness, Liveness::kUnknown);
  EXPECT_EQ(stats.attached_senders(), 1u);
}

TEST_F(ChannelStatsTest, RedeliveryCountsEpochAndBytes) {
  Sender sender = Attach("camera");
  ASSERT_OK(sender.TrySend("again"));
  for (int i = 0; i < 2; ++i) ASSERT_OK(Receiver::Attach(*channel_));
  const ChannelStats stats = Stats();
  ASSERT_TRUE(stats.receiver.has_value());
  EXPECT_EQ(stats.receiver->epoch, 2u);
  EXPECT_EQ(stats.receiver->redelivered_bytes, 128u);
}

TEST_F(ChannelStatsTest, TellsTheTurn) {
  Attach("a");
  Attach("b");
  ASSERT_TRUE(
      internal::TakeTurn(ring().control, 1, 2048, internal::MonotonicNow() + 1'000'000'000));
  // An end that far ahead is no turn.
  EXPECT_FALSE(Stats().turn.has_value());
  EXPECT_TRUE(Stats().stale_turn);
  internal::EndTurn(ring().control, 1);
  // A stopped test may miss the turn, so it takes it again.
  std::optional<TurnStats> turn;
  while (!turn.has_value()) {
    ASSERT_TRUE(internal::TakeTurn(ring().control, 1, 2048, internal::MonotonicNow()));
    turn = Stats().turn;
  }
  EXPECT_EQ(turn->sender, 1);
  EXPECT_EQ(turn->bytes, 2048u);
  EXPECT_GT(turn->left, absl::ZeroDuration());
  EXPECT_LE(turn->left, absl::Milliseconds(10));
  ASSERT_TRUE(
      internal::TakeTurn(ring().control, 1, 2048, internal::MonotonicNow() - 1'000'000'000));
  EXPECT_TRUE(Stats().stale_turn);
  internal::EndTurn(ring().control, 1);
  EXPECT_FALSE(Stats().stale_turn);
}

TEST_F(ChannelStatsTest, NextOwnerOfTheSlotEndsTheTurnOfADeadSender) {
  ASSERT_TRUE(internal::TakeTurn(ring().control, 0, 2048, internal::MonotonicNow()));
  const Sender sender = Attach("successor");
  ASSERT_EQ(sender.slot(), 0);
  EXPECT_FALSE(internal::HasTurnBit(ring().control->claim_word));
  EXPECT_FALSE(Stats().turn.has_value());
}

TEST_F(ChannelStatsTest, TellsTheEnd) {
  channel_->Close();
  EXPECT_TRUE(Stats().closed);
  ChannelOptions options;
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK(Channel::Create(path_, options));
  EXPECT_TRUE(Stats().replaced);
}

TEST_F(ChannelStatsTest, TellsDamagedPositions) {
  ring().control->release_position.store(64);
  ChannelStats stats = Stats();
  EXPECT_TRUE(stats.damaged);
  EXPECT_EQ(stats.fill, 0u);
  EXPECT_FALSE(stats.oldest_record.has_value());
  ring().control->release_position.store(0);
  EXPECT_FALSE(Stats().damaged);
  ring().control->claim_word.store(32);
  EXPECT_TRUE(Stats().damaged);
}

TEST_F(ChannelStatsTest, SurvivesEveryByteInEveryWord) {
  for (const int byte : {0xff, 0x80, 0x7f, 0x01, 0x40}) {
    internal::ControlBlock* const control = ring().control;
    std::fill_n(reinterpret_cast<char*>(control), sizeof(*control), static_cast<char>(byte));
    std::fill_n(reinterpret_cast<char*>(ring().receiver_slot), sizeof(internal::ReceiverSlot),
                static_cast<char>(byte));
    std::fill_n(reinterpret_cast<char*>(ring().sender_slots), 4 * sizeof(internal::SenderSlot),
                static_cast<char>(byte));
    const ChannelStats stats = Stats();
    EXPECT_THAT(stats.senders, SizeIs(4));
    EXPECT_EQ(stats.senders[0].name.size(), 64u);
    EXPECT_GE(stats.senders[0].waited, absl::ZeroDuration());
  }
}

}  // namespace
}  // namespace ipmpsc
