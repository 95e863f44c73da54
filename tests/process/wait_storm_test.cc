// One process receives from 1, 128 and 1,000 channels and a socket in one loop, while all the
// processes around it are killed again and again. Nothing is lost.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_options.h"
#include "ipmpsc/wait_set.h"
#include "tests/ipmpsc/wait_mechanisms.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/flood.h"
#include "tests/testing/process/message.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;

constexpr uint64_t kSocketTag = ~uint64_t{0};
constexpr size_t kProcesses = 8;  // of senders, at a time
constexpr size_t kDeaths = 24;    // of senders
constexpr size_t kWriterDeaths = 6;
constexpr size_t kMostPerProcess = 125;  // channels
// Cells of the board: the socket's messages, whether senders rest, then the messages of each
// sender.
constexpr size_t kWritten = 0;
constexpr size_t kResting = 1;
constexpr size_t kFirstStream = 2;
static_assert(kFirstStream + (kProcesses + kDeaths) * kMostPerProcess <= Board::kCells);

struct Storm {
  WaitMechanism mechanism;
  size_t channels;
};

class WaitStormTest : public ::testing::TestWithParam<Storm> {
 protected:
  void SetUp() override {
    const absl::Status status = WaitSet::Create({GetParam().mechanism}).status();
    if (absl::IsUnimplemented(status)) GTEST_SKIP() << status.message();
    if (!HasDescriptorsFor(GetParam().channels)) GTEST_SKIP() << "too few descriptors";

    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 4;
    for (size_t i = 0; i < GetParam().channels; ++i) {
      ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous(options));
      channels_.push_back(std::move(channel));
    }
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    socket_ = internal::UniqueFd(ends[0]);
    writer_end_ = internal::UniqueFd(ends[1]);
  }

  // The number of channels of the process in that place.
  size_t ChannelsOf(size_t place) const {
    const size_t all = channels_.size();
    return all < kProcesses ? all : all / kProcesses + (place < all % kProcesses ? 1 : 0);
  }
  // With fewer channels than processes, each process sends to all of them.
  size_t ChannelOf(size_t place, size_t i) const {
    return channels_.size() < kProcesses ? i : place + i * kProcesses;
  }

  // Starts a process that sends to its channels in turn, messages of its own stream in each.
  void StartSender(size_t place) {
    const size_t first_stream = kFirstStream + started_++ * kMostPerProcess;
    first_streams_[place] = first_stream;
    senders_[place] = ChildProcess::Fork([&] {
      std::vector<Sender> senders;
      for (size_t i = 0; i < ChannelsOf(place); ++i) {
        absl::StatusOr<Sender> sender = AttachSender(channels_[ChannelOf(place, i)], kPatience);
        if (!sender.ok()) return 1;
        senders.push_back(*std::move(sender));
      }
      std::vector<uint64_t> sent(senders.size());
      std::mt19937 random(static_cast<uint32_t>(first_stream));
      for (;;) {
        const size_t i = random() % senders.size();
        const MessageIdentity identity = {first_stream + i, sent[i]};
        const size_t size = PlannedSize(identity, kIdentitySize, 1000);
        const absl::Status status = senders[i].TrySend(MessageBytes(identity, size));
        if (status.ok()) {
          board_[first_stream + i].store(++sent[i]);
        } else if (!absl::IsResourceExhausted(status)) {
          return 2;
        }
        do {
          if (random() % 16 == 0) absl::SleepFor(absl::Microseconds(random() % 2000));
        } while (board_[kResting].load() != 0);
      }
    });
  }

  void StartWriter() {
    writer_ = ChildProcess::Fork([&] {
      for (;;) {
        const uint64_t number = board_[kWritten].load();
        if (write(writer_end_.get(), &number, sizeof(number)) != sizeof(number)) return 1;
        board_[kWritten].store(number + 1);
        // Rests, too: on a busy machine it would else write as fast as the loop turns.
        do {
          absl::SleepFor(absl::Microseconds(200));
        } while (board_[kResting].load() != 0);
      }
    });
  }

  // One turn of the loop. Returns how many messages came.
  size_t Turn(WaitSet& set, absl::Duration timeout) {
    Ready ready[32];
    const absl::StatusOr<size_t> count = set.Wait(timeout, absl::MakeSpan(ready));
    EXPECT_OK(count);
    size_t messages = 0;
    for (size_t i = 0; count.ok() && i < *count; ++i) {
      messages += ready[i].tag == kSocketTag ? ReadSocket() : Receive(ready[i].tag);
    }
    return messages;
  }

  size_t ReadSocket() {
    uint64_t number;
    if (recv(socket_.get(), &number, sizeof(number), MSG_DONTWAIT) != sizeof(number)) return 0;
    // A writer that died between its write and its count repeats a number.
    EXPECT_TRUE(number == socket_received_ || number + 1 == socket_received_) << number;
    socket_received_ = number + 1;
    return 1;
  }

  size_t Receive(size_t channel) {
    absl::StatusOr<Lease> lease = receivers_[channel].TryReceive();
    if (absl::IsUnavailable(lease.status())) return 0;
    EXPECT_OK(lease);
    if (!lease.ok()) return 0;
    EXPECT_EQ(ledger_.Enter(lease->payload()), "") << "of channel " << channel;
    return 1;
  }

  bool AllIsReceived() const {
    return std::all_of(channels_.begin(), channels_.end(), [](const Channel& channel) {
      const internal::ControlBlock& control =
          *internal::ChannelAccess::SegmentOf(channel)->ring().control;
      return internal::ClaimPosition(control.claim_word.load()) == control.release_position.load();
    });
  }

  Board board_;
  std::vector<Channel> channels_;
  std::vector<Receiver> receivers_;
  internal::UniqueFd socket_;
  internal::UniqueFd writer_end_;
  ChildProcess senders_[kProcesses];
  size_t first_streams_[kProcesses] = {};
  ChildProcess writer_;
  size_t started_ = 0;
  Ledger ledger_;
  uint64_t socket_received_ = 0;
};

TEST_P(WaitStormTest, NothingIsLost) {
  for (const Channel& channel : channels_) {
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    receivers_.push_back(std::move(receiver));
  }
  // With one channel of four slots, and one spare slot for the successors.
  const size_t places = channels_.size() == 1 ? 3 : kProcesses;
  for (size_t place = 0; place < places; ++place) StartSender(place);
  StartWriter();
  ASSERT_OK_AND_ASSIGN(WaitSet set, WaitSet::Create({GetParam().mechanism}));
  for (size_t i = 0; i < receivers_.size(); ++i) ASSERT_OK(set.Add(receivers_[i], i));
  ASSERT_OK(set.AddFd(socket_.get(), EPOLLIN, kSocketTag));

  std::mt19937 random(static_cast<uint32_t>(::testing::UnitTest::GetInstance()->random_seed()) +
                      static_cast<uint32_t>(getpid()));
  uint64_t messages = 0;
  for (size_t death = 0; death < kDeaths; ++death) {
    const size_t place = death % places;
    // The victim has sent something, so it is at work.
    const auto at_work = [&] {
      for (size_t i = 0; i < ChannelsOf(place); ++i) {
        if (board_[first_streams_[place] + i].load() > 0) return true;
      }
      return false;
    };
    ASSERT_TRUE(Await([&] {
      messages += Turn(set, absl::Milliseconds(1));
      return HasFailure() || at_work();
    })) << "the process at place "
        << place << " is held up after " << death << " deaths";
    for (uint32_t turns = random() % 20; turns > 0; --turns) {
      messages += Turn(set, absl::Milliseconds(1));
    }
    ASSERT_FALSE(HasFailure());
    if (death % 4 == 0) {
      // The loop falls asleep, so that the next messages and deaths meet armed members.
      board_[kResting].store(1);
      const uint64_t sleeps = set.statistics().sleeps;
      ASSERT_TRUE(Await([&] {
        messages += Turn(set, absl::Milliseconds(1));
        return HasFailure() || (AllIsReceived() && set.statistics().sleeps > sleeps);
      })) << "it does not sleep";
      board_[kResting].store(0);
    }
    StartSender(place);
    if (death % (kDeaths / kWriterDeaths) == 0) {
      const uint64_t before = socket_received_;
      ASSERT_TRUE(Await([&] {
        messages += Turn(set, absl::Milliseconds(1));
        return socket_received_ > before;
      })) << "the socket is held up";
      writer_.Kill();
      StartWriter();
    }
  }
  for (ChildProcess& sender : senders_) sender.Kill();
  writer_.Kill();
  EXPECT_TRUE(Await([&] {
    messages += Turn(set, absl::Milliseconds(1));
    return HasFailure() || (AllIsReceived() && socket_received_ >= board_[kWritten].load());
  })) << "held up by the dead";
  for (size_t stream = kFirstStream; stream < kFirstStream + started_ * kMostPerProcess; ++stream) {
    const uint64_t committed = board_[stream].load();
    ASSERT_THAT(ledger_.received(stream), AnyOf(Eq(committed), Eq(committed + 1)))
        << "of stream " << stream;
  }
  const WaitSetStatistics statistics = set.statistics();
  std::printf("%llu messages, %llu sleeps, %llu wakes\n", static_cast<unsigned long long>(messages),
              static_cast<unsigned long long>(statistics.sleeps),
              static_cast<unsigned long long>(statistics.wakes));
  EXPECT_GT(statistics.sleeps, 0u);
}

INSTANTIATE_TEST_SUITE_P(Each, WaitStormTest, ::testing::ValuesIn([] {
                           std::vector<Storm> storms;
                           for (const WaitMechanism mechanism :
                                {WaitMechanism::kIoUring, WaitMechanism::kHelperThread,
                                 WaitMechanism::kPolling}) {
                             for (const size_t channels : {1, 128, 1000})
                               storms.push_back({mechanism, channels});
                           }
                           return storms;
                         }()),
                         [](const ::testing::TestParamInfo<Storm>& tested) {
                           return absl::StrCat(MechanismName(tested.param.mechanism),
                                               tested.param.channels);
                         });

}  // namespace
}  // namespace ipmpsc::testing
