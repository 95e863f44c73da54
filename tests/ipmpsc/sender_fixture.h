// A channel of 4 KiB with its sender and receiver.
#ifndef TESTS_IPMPSC_SENDER_FIXTURE_H_
#define TESTS_IPMPSC_SENDER_FIXTURE_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {

// For calls that must not wait. A mistake becomes kDeadlineExceeded instead of a hang.
inline constexpr absl::Duration kLong = absl::Seconds(20);

class SenderFixture : public ::testing::Test {
 protected:
  explicit SenderFixture(uint32_t max_senders = 4) {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = max_senders;
    absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
    EXPECT_OK(channel);
    channel_ = *std::move(channel);
  }

  Sender Attach() {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
    EXPECT_OK(sender);
    return *std::move(sender);
  }
  Receiver AttachReceiver() {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
    EXPECT_OK(receiver);
    return *std::move(receiver);
  }
  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring();
  }

  std::optional<Channel> channel_;
};

}  // namespace ipmpsc

#endif  // TESTS_IPMPSC_SENDER_FIXTURE_H_
