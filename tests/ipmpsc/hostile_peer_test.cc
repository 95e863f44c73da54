// Tests peers that write what they should not: words that cost others time, and claims that nobody
// made.
#include <atomic>
#include <cstdint>
#include <thread>

#include "absl/base/casts.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::StatusIs;

// Bounds a hang and measures nothing. The test fails after it.
constexpr absl::Duration kPatience = absl::Seconds(20);

// Makes every 64 bytes from the released position on look like the claim of a dead sender. The
// receiver can step over one after the other, and there are always more.
class OrphansWithoutEnd {
 public:
  explicit OrphansWithoutEnd(const internal::Ring& ring) : thread_([this, ring] { Write(ring); }) {
    while (!began_.load()) absl::SleepFor(absl::Milliseconds(1));
  }
  ~OrphansWithoutEnd() {
    stop_.store(true);
    thread_.join();
  }

  bool gave_up() const { return gave_up_.load(); }

 private:
  void Write(const internal::Ring& ring) {
    const absl::Time latest = absl::Now() + kPatience;
    while (!stop_.load()) {
      // Relaxed: a hostile peer keeps no order.
      const internal::Position released =
          ring.control->release_position.load(std::memory_order_relaxed);
      for (uint64_t i = 0; i < ring.sender_slot_count; ++i) {
        const internal::Position position = released + 64 * i;
        internal::SenderSlot& slot = ring.sender_slots[position / 64 % ring.sender_slot_count];
        slot.intent_size.store(64, std::memory_order_relaxed);
        slot.intent_position.store(position, std::memory_order_relaxed);
      }
      ring.control->claim_word.store(released + ring.capacity, std::memory_order_relaxed);
      began_.store(true);
      if (absl::Now() > latest) {
        gave_up_.store(true);
        return;
      }
    }
  }

  std::atomic<bool> began_{false};
  std::atomic<bool> stop_{false};
  std::atomic<bool> gave_up_{false};
  std::thread thread_;
};

class HostilePeerTest : public ::testing::Test {
 protected:
  // Has as many slots as the ring has records of 64 bytes.
  static absl::StatusOr<Channel> MakeChannel() {
    ChannelOptions options;
    options.capacity = 1 << 18;
    options.max_senders = 4096;
    return Channel::CreateAnonymous(options);
  }
};

TEST_F(HostilePeerTest, EndlessOrphansDoNotDelayReceivePastItsDeadline) {
  ASSERT_OK_AND_ASSIGN(Channel channel, MakeChannel());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const OrphansWithoutEnd hostile(internal::ChannelAccess::SegmentOf(channel)->ring());
  EXPECT_FALSE(receiver.Receive(absl::Milliseconds(1)).ok());
  EXPECT_FALSE(hostile.gave_up());
}

TEST_F(HostilePeerTest, EndlessOrphansDoNotBlockTryReceive) {
  ASSERT_OK_AND_ASSIGN(Channel channel, MakeChannel());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const OrphansWithoutEnd hostile(internal::ChannelAccess::SegmentOf(channel)->ring());
  EXPECT_FALSE(receiver.TryReceive().ok());
  EXPECT_FALSE(hostile.gave_up());
}

// Looks that found no owner for one position say nothing of the next one.
TEST_F(HostilePeerTest, EndedDamageDoesNotAffectLaterPositions) {
  ASSERT_OK_AND_ASSIGN(Channel channel, MakeChannel());
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const internal::Ring& ring = internal::ChannelAccess::SegmentOf(channel)->ring();
  const auto receive = [&] { return receiver.Receive(absl::ZeroDuration()).status(); };
  ring.control->claim_word.store(internal::kRecordAlignment);
  absl::Status status;
  for (int i = 0; i < 10 && !absl::IsDataLoss(status); ++i) status = receive();
  ASSERT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  // The peer commits a message at the position after all.
  ring.HeaderAt(0)->description.store(absl::bit_cast<uint64_t>(
      internal::RecordDescription{8, 0, internal::RecordKind::kMessage, 0}));
  ring.HeaderAt(0)->stamp.store(ring.StampOf(0));
  ASSERT_OK(receive());
  ring.control->claim_word.store(2 * internal::kRecordAlignment);
  EXPECT_THAT(receive(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace ipmpsc
