// Ends: a channel of one message type with its sender and receiver.
#ifndef TESTS_CODEGEN_ENDS_H_
#define TESTS_CODEGEN_ENDS_H_

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {

template <typename MessageChannel, typename Sender, typename Receiver>
struct Ends {
  static ipmpsc::Channel Create() {
    ipmpsc::ChannelOptions options;
    options.capacity = 65536;
    options.max_senders = 2;
    absl::StatusOr<ipmpsc::Channel> channel = MessageChannel::CreateAnonymous(options);
    EXPECT_OK(channel);
    return *std::move(channel);
  }

  auto Lend(size_t bound) {
    auto loan = sender.TryClaim(bound);
    EXPECT_OK(loan);
    return *std::move(loan);
  }

  const ipmpsc::Channel channel = Create();
  Sender sender = *Sender::Attach(channel);
  Receiver receiver = *Receiver::Attach(channel);
};

}  // namespace ipmpsc_test

#endif  // TESTS_CODEGEN_ENDS_H_
