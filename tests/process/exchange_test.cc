// Tests sender processes and a receiver process. Every message arrives once, unchanged, in its
// sender's order.
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/peer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

enum class Kind { kPath, kTemporary, kAnonymous };
enum class Pace { kFree, kSendersSleep, kReceiverSleeps };

struct Exchange {
  Kind kind;
  int senders;
  uint64_t capacity;
  Pace pace;
  uint64_t count;  // by each sender
};

void PrintTo(const Exchange& exchange, std::ostream* out) {
  constexpr const char* kKinds[] = {"path", "temporary", "anonymous"};
  constexpr const char* kPaces[] = {"free", "senders sleep", "receiver sleeps"};
  *out << kKinds[static_cast<int>(exchange.kind)] << ", " << exchange.senders << " senders, "
       << exchange.capacity << " bytes, " << kPaces[static_cast<int>(exchange.pace)];
}

// The PACE arguments of `flood`.
constexpr int kFloodPaces[] = {0, 2, 1};

// Cells of the board.
constexpr int kCommitted = 1;  // and the following, by sender
constexpr int kSlots = 100;

class ExchangeTest : public ::testing::TestWithParam<Exchange> {
 protected:
  absl::StatusOr<Channel> MakeChannel() {
    ChannelOptions options;
    options.capacity = GetParam().capacity;
    options.max_senders = static_cast<uint32_t>(GetParam().senders);
    switch (GetParam().kind) {
      case Kind::kPath:
        return Channel::Create(PathOnDisk("exchange"), options);
      case Kind::kTemporary:
        return Channel::CreateTemp(options);
      case Kind::kAnonymous:
        break;
    }
    return Channel::CreateAnonymous(options);
  }
};

TEST_P(ExchangeTest, EveryMessageArrivesOnceInOrder) {
  const Exchange& exchange = GetParam();
  ASSERT_OK_AND_ASSIGN(const Channel channel, MakeChannel());
  const Board board;
  const bool by_fd = exchange.kind == Kind::kAnonymous;
  const std::vector<int> fds = by_fd ? std::vector<int>{channel.fd()} : std::vector<int>{};
  const std::string open =
      by_fd ? absl::StrCat("open_fd ", channel.fd()) : absl::StrCat("open ", channel.path());

  std::vector<Peer> peers;  // the first receives
  for (int i = 0; i <= exchange.senders; ++i) {
    peers.emplace_back(board, fds);
    peers[i].Tell(open);
    peers[i].Tell(i == 0 ? "attach_receiver" : "attach_sender 0");
  }
  for (Peer& peer : peers) {
    const Reply opened = peer.Answer();
    ASSERT_OK(opened.status());
    EXPECT_EQ(opened.text, channel.id());
    ASSERT_OK(peer.Answer().status());
  }

  const uint64_t total = exchange.count * static_cast<uint64_t>(exchange.senders);
  peers[0].Tell(absl::StrCat("collect ", total, " ", kSlots, " ",
                             exchange.pace == Pace::kSendersSleep ? 1 : 0));
  for (int i = 1; i <= exchange.senders; ++i) {
    peers[i].Tell(absl::StrCat("flood ", i, " ", exchange.count, " 0 ", channel.max_payload(), " ",
                               kFloodPaces[static_cast<int>(exchange.pace)], " ", kCommitted + i,
                               " ", kSlots));
  }
  for (int i = 1; i <= exchange.senders; ++i) {
    EXPECT_OK(peers[i].Answer().status()) << "sender " << i;
    EXPECT_EQ(board[kCommitted + i].load(), exchange.count);
  }
  const Reply collected = peers[0].Answer();
  EXPECT_OK(collected.status());
  EXPECT_THAT(collected.numbers, ::testing::ElementsAre(total));
  // No further message arrives.
  EXPECT_THAT(peers[0].Ask("receive 0").status(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

constexpr uint64_t kSmall = 4096;
constexpr uint64_t kLarge = 1 << 20;
constexpr uint64_t kHuge = 16 << 20;  // large enough for non-temporal stores

INSTANTIATE_TEST_SUITE_P(HugeMessages, ExchangeTest,
                         ::testing::Values(Exchange{Kind::kAnonymous, 2, kHuge, Pace::kFree, 20}));

INSTANTIATE_TEST_SUITE_P(SmallRings, ExchangeTest,
                         ::testing::Values(Exchange{Kind::kPath, 1, kSmall, Pace::kFree, 3000},
                                           Exchange{Kind::kPath, 2, kSmall, Pace::kFree, 2000},
                                           Exchange{Kind::kPath, 4, kSmall, Pace::kFree, 1000},
                                           Exchange{Kind::kTemporary, 1, kSmall, Pace::kFree, 3000},
                                           Exchange{Kind::kTemporary, 2, kSmall, Pace::kFree, 2000},
                                           Exchange{Kind::kTemporary, 4, kSmall, Pace::kFree, 1000},
                                           Exchange{Kind::kAnonymous, 1, kSmall, Pace::kFree, 3000},
                                           Exchange{Kind::kAnonymous, 2, kSmall, Pace::kFree, 2000},
                                           Exchange{Kind::kAnonymous, 4, kSmall, Pace::kFree,
                                                    1000}));

INSTANTIATE_TEST_SUITE_P(
    Sleepers, ExchangeTest,
    ::testing::Values(Exchange{Kind::kPath, 1, kSmall, Pace::kSendersSleep, 2000},
                      Exchange{Kind::kPath, 4, kSmall, Pace::kSendersSleep, 500},
                      Exchange{Kind::kPath, 1, kSmall, Pace::kReceiverSleeps, 2000},
                      Exchange{Kind::kPath, 4, kSmall, Pace::kReceiverSleeps, 500}));

INSTANTIATE_TEST_SUITE_P(LargeRings, ExchangeTest,
                         ::testing::Values(Exchange{Kind::kPath, 1, kLarge, Pace::kFree, 200},
                                           Exchange{Kind::kTemporary, 4, kLarge, Pace::kFree, 50},
                                           Exchange{Kind::kAnonymous, 2, kLarge, Pace::kFree,
                                                    100}));

}  // namespace
}  // namespace ipmpsc::testing
