// A channel with both ends, and wait sets of each mechanism, for tests.
#ifndef TESTS_IPMPSC_WAIT_SET_FIXTURE_H_
#define TESTS_IPMPSC_WAIT_SET_FIXTURE_H_

#include <errno.h>
#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_set.h"
#include "tests/ipmpsc/wait_mechanisms.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {

// A channel with both ends.
struct Ends {
  explicit Ends(const ReceiverOptions& options = {}, uint64_t capacity = 4096) {
    ChannelOptions channel_options;
    channel_options.capacity = capacity;
    channel_options.max_senders = 4;
    absl::StatusOr<Channel> created = Channel::CreateAnonymous(channel_options);
    EXPECT_OK(created);
    channel.emplace(*std::move(created));
    absl::StatusOr<Receiver> attached = Receiver::Attach(*channel, options);
    EXPECT_OK(attached);
    receiver.emplace(*std::move(attached));
    absl::StatusOr<Sender> attached_sender = Sender::Attach(*channel);
    EXPECT_OK(attached_sender);
    sender.emplace(*std::move(attached_sender));
  }
  bool announced() const {
    return internal::IsReceiverWaiting(
        *internal::ChannelAccess::SegmentOf(*channel)->ring().control);
  }

  std::optional<Channel> channel;
  std::optional<Receiver> receiver;
  std::optional<Sender> sender;
};

// The threads of these tests sleep so that the set falls asleep before they act, or is met at
// different steps. Another time makes a test weaker, not wrong.
class WaitSetTest : public MechanismTest {
 protected:
  // Returns the tags that are ready.
  static std::vector<uint64_t> TagsOf(WaitSet& set, absl::Duration timeout, size_t room = 16) {
    std::vector<Ready> ready(room);
    const absl::StatusOr<size_t> count = set.Wait(timeout, absl::MakeSpan(ready));
    EXPECT_OK(count);
    std::vector<uint64_t> tags;
    for (size_t i = 0; count.ok() && i < *count; ++i) tags.push_back(ready[i].tag);
    return tags;
  }
  static bool IsReadable(int fd, absl::Duration timeout = absl::ZeroDuration()) {
    pollfd polled = {fd, POLLIN, 0};
    int result;
    do {
      result = poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
    } while (result < 0 && errno == EINTR);
    return result == 1;
  }
};

}  // namespace ipmpsc

#endif  // TESTS_IPMPSC_WAIT_SET_FIXTURE_H_
