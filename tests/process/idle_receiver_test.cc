// Tests sleeping receivers. A receiver that waits for a claim does nothing at all. A receiver that
// must notice other events wakes up now and then.
#include <sys/types.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/message.h"
#include "tests/testing/process/peer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

// Returns how often the process was on a processor. Without that it makes no system call.
uint64_t SwitchesOf(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  uint64_t switches = 0;
  int found = 0;
  for (std::string line; std::getline(status, line);) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::ByAnyChar(":\t"), absl::SkipEmpty());
    uint64_t count = 0;
    if (parts.size() == 2 && absl::EndsWith(parts[0], "voluntary_ctxt_switches") &&
        absl::SimpleAtoi(parts[1], &count)) {
      switches += count;
      ++found;
    }
  }
  EXPECT_EQ(found, 2) << "voluntary and not";
  return switches;
}

class IdleReceiverTest : public ::testing::Test {
 protected:
  // Starts a peer that receives, and waits until it sleeps.
  void StartReceiver(absl::string_view options) {
    const std::string path = PathOnDisk("channel");
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path, {}));
    channel_.emplace(std::move(channel));
    ASSERT_OK(receiver_.Ask("open " + path).status());
    ASSERT_OK(receiver_.Ask(absl::StrCat("attach_receiver 0 ", options)).status());
    receiver_.Tell("receive 20000");
    ASSERT_TRUE(Await([&] {
      return internal::IsReceiverWaiting(
                 *internal::ChannelAccess::SegmentOf(*channel_)->ring().control) &&
             IsAsleep(receiver_.pid());
    }));
  }
  uint64_t sleeps() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring().receiver_slot->sleeps.load();
  }

  std::optional<Channel> channel_;
  Board board_;
  Peer receiver_{board_};
};

TEST_F(IdleReceiverTest, ReceiverSleepsWhileNothingIsClaimed) {
  ASSERT_NO_FATAL_FAILURE(StartReceiver(""));
  const uint64_t switches = SwitchesOf(receiver_.pid());
  const uint64_t sleeps_before = sleeps();
  // Ten times the interval of a periodic check.
  absl::SleepFor(absl::Seconds(1));
  EXPECT_EQ(SwitchesOf(receiver_.pid()), switches);
  EXPECT_EQ(sleeps(), sleeps_before);
  // The receiver still wakes up.
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
  ASSERT_OK(sender.TrySend(MessageBytes({0, 0}, 100)));
  EXPECT_OK(receiver_.Answer().status());
}

TEST_F(IdleReceiverTest, ReceiverChecksForTheEndOfAllSenders) {
  ASSERT_NO_FATAL_FAILURE(StartReceiver("end_without_senders"));
  const uint64_t switches = SwitchesOf(receiver_.pid());
  const uint64_t sleeps_before = sleeps();
  EXPECT_TRUE(Await([&] { return sleeps() >= sleeps_before + 3; }));
  EXPECT_GT(SwitchesOf(receiver_.pid()), switches);
}

}  // namespace
}  // namespace ipmpsc::testing
