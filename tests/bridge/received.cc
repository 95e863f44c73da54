#include "tests/bridge/received.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {

std::vector<std::string> Receive(Receiver* receiver, size_t count, uint64_t first,
                                 const std::string& log) {
  std::vector<std::string> received;
  while (received.size() < count) {
    absl::StatusOr<Lease> lease = receiver->Receive(testing::kPatience);
    EXPECT_OK(lease) << testing::ReadFile(log);
    if (!lease.ok()) break;
    if (first != 0) {
      EXPECT_EQ(lease->sequence(), first + received.size());
    }
    received.emplace_back(lease->payload());
  }
  EXPECT_FALSE(receiver->TryReceive().ok());
  return received;
}

void ReceiveUnderKills(Receiver* receiver, const std::vector<std::string>& messages,
                       testing::ChildProcess* bridge, absl::FunctionRef<void(int round)> start,
                       const std::string& log) {
  constexpr int kKills = 6;
  std::vector<std::string> received;
  for (int round = 0; round < kKills; ++round) {
    ASSERT_NO_FATAL_FAILURE(start(round));
    for (int i = 0; i < 200 + round; ++i) {
      absl::StatusOr<Lease> lease = receiver->Receive(testing::kPatience);
      ASSERT_OK(lease) << round << " " << testing::ReadFile(log);
      EXPECT_EQ(lease->sequence(), received.size() + 1);
      received.emplace_back(lease->payload());
    }
    bridge->Kill();
  }
  ASSERT_NO_FATAL_FAILURE(start(kKills));
  while (received.size() < messages.size()) {
    absl::StatusOr<Lease> lease = receiver->Receive(testing::kPatience);
    ASSERT_OK(lease) << testing::ReadFile(log);
    received.emplace_back(lease->payload());
  }
  EXPECT_FALSE(receiver->Receive(absl::Milliseconds(50)).ok());
  EXPECT_EQ(received, messages);
}

}  // namespace ipmpsc::bridge
