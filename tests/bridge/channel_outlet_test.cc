// ChannelOutlet over a real channel: what it finds out about a message whose sender was killed at
// each point of the send.
//
//   IPMPSC_STEP_STRIDE=1 bazel-bin/tests/bridge/channel_outlet_test    # each instruction
#include "bridge/channel_outlet.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/feed.h"
#include "bridge/place.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/stepped_child.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::SteppedChild;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPayload[] = "the message in doubt";

Channel CreateChannel(bool timestamps, uint32_t max_senders = 1) {
  ChannelOptions options;
  options.capacity = 4096;
  options.timestamps = timestamps;
  options.max_senders = max_senders;
  absl::StatusOr<Channel> channel = Channel::CreateTemp(options);
  EXPECT_OK(channel);
  return *std::move(channel);
}

// Returns how often the payload was received.
int Drain(Receiver* receiver) {
  int count = 0;
  for (;;) {
    // An orphan is stepped over only by a receiver that waits.
    absl::StatusOr<Lease> lease = receiver->Receive(absl::ZeroDuration());
    if (!lease.ok()) return count;
    count += lease->payload() == kPayload;
  }
}

uint64_t Stride() {
  const char* const text = std::getenv("IPMPSC_STEP_STRIDE");
  uint64_t stride = 0;
  return text != nullptr && absl::SimpleAtoi(text, &stride) && stride > 0 ? stride : 60;
}

// Kills a bridge at each place of the send, and compares what `Find` says with what is received.
void KillAtEachPlace(bool timestamps) {
  const std::string why_not = SteppedChild::Unavailable();
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  const std::string path = testing::PathOnDisk("place");
  uint64_t places = 0;
  uint64_t sent = 0;
  uint64_t unknown = 0;
  for (bool whole = false; !whole; ++places) {
    unlink(path.c_str());
    const Channel channel = CreateChannel(timestamps);
    std::optional<ChannelOutlet> outlet;  // of the child
    SteppedChild child(
        [&] {
          outlet.emplace(channel, "", "bridge");
          absl::StatusOr<PlaceFile> file = PlaceFile::Open(path);
          Place place;
          // The first one binds symbols and maps pages, so that this work is not stepped through.
          if (!file.ok() || !outlet->Prepare(41, &place).ok() ||
              !outlet->Send("first", absl::ZeroDuration()).ok() ||
              !outlet->Prepare(42, &place).ok()) {
            _exit(1);
          }
          place.done = 41;
          place.begun = 42;
          if (!file->Write(place).ok()) _exit(1);
        },
        [&] { (void)outlet->Send(kPayload, absl::ZeroDuration()); });
    for (uint64_t step = 0; step < places * Stride() && !whole; ++step) whole = !child.Step();
    child.Kill();
    ASSERT_OK_AND_ASSIGN(const Place place, PlaceFile::Read(path));
    ASSERT_EQ(place.begun, 42u);
    EXPECT_EQ(place.number, timestamps ? 42u : 0u);
    ChannelOutlet next(channel, "", "next bridge");
    ASSERT_OK_AND_ASSIGN(const Found at_once, next.Find(place, kPayload, absl::Seconds(1)));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    const Found truth = Drain(&receiver) == 1 ? Found::kSent : Found::kNotSent;
    sent += truth == Found::kSent;
    ASSERT_EQ(at_once, truth) << places;
    ASSERT_OK_AND_ASSIGN(const Found drained, next.Find(place, kPayload, absl::Seconds(1)));
    ASSERT_EQ(drained, truth) << places;
    // Another sender takes the slot, which is the only one.
    ASSERT_OK_AND_ASSIGN(Sender other, Sender::Attach(channel));
    for (int i = 0; i < 3; ++i) ASSERT_OK(other.TrySend("of another sender"));
    ASSERT_OK_AND_ASSIGN(const Found taken, next.Find(place, kPayload, absl::Seconds(1)));
    if (timestamps || truth == Found::kNotSent) {
      ASSERT_EQ(taken, truth) << places;
    } else {
      ASSERT_EQ(taken, Found::kUnknown) << places;
    }
    // The ring is overwritten.
    for (int i = 0; i < 200; ++i) {
      ASSERT_OK(other.TrySend("of another sender"));
      Drain(&receiver);
    }
    ASSERT_OK_AND_ASSIGN(const Found wrapped, next.Find(place, kPayload, absl::Seconds(1)));
    ASSERT_THAT(wrapped, AnyOf(truth, Found::kUnknown)) << places;
    unknown += wrapped == Found::kUnknown;
  }
  std::cout << places << " places, sent at " << sent << " of them, unknown after the ring was "
            << "overwritten at " << unknown << "\n";
  EXPECT_GT(places, 5u);
  EXPECT_GT(sent, 0u);
  EXPECT_LT(sent, places);
}

TEST(ChannelOutletTest, FindsOutWhatAKilledBridgeHasSent) { KillAtEachPlace(true); }

TEST(ChannelOutletTest, FindsOutWhatAKilledBridgeHasSentWithoutNumbers) { KillAtEachPlace(false); }

TEST(ChannelOutletTest, GivesTheNumbersOfTheStreamAsFarAsTheSlotAllows) {
  const Channel channel = CreateChannel(true);
  {
    ASSERT_OK_AND_ASSIGN(Sender other, Sender::Attach(channel));
    for (int i = 0; i < 3; ++i) ASSERT_OK(other.TrySend("x"));
  }
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  Drain(&receiver);
  ChannelOutlet outlet(channel, "", "bridge");
  std::vector<uint64_t> numbers;
  for (const uint64_t sequence : {2, 3, 9, 10, 12}) {
    Place place;
    ASSERT_OK(outlet.Prepare(sequence, &place));
    ASSERT_OK(outlet.Send(kPayload, absl::ZeroDuration()));
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.sequence(), place.number);
    numbers.push_back(lease.sequence());
  }
  EXPECT_THAT(numbers, ElementsAre(4, 5, 9, 10, 12));
  EXPECT_EQ(outlet.renumbered(), 2u);
}

TEST(ChannelOutletTest, WaitsForAnotherSendersOpenClaim) {
  const Channel channel = CreateChannel(true, 2);
  ASSERT_OK_AND_ASSIGN(Sender other, Sender::Attach(channel));
  std::optional<Loan> loan = *other.TryClaim(8);
  Place place;
  {
    ChannelOutlet dead(channel, "", "bridge");
    ASSERT_OK(dead.Prepare(7, &place));
    place.begun = 7;
    ASSERT_OK(dead.Send(kPayload, absl::ZeroDuration()));
  }
  ChannelOutlet next(channel, "", "next bridge");
  EXPECT_THAT(next.Find(place, kPayload, absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("another sender")));
  std::move(*loan).Publish();
  loan.reset();
  ASSERT_OK_AND_ASSIGN(const Found found, next.Find(place, kPayload, absl::Seconds(1)));
  EXPECT_EQ(found, Found::kSent);
  // Other bytes under the number are another message.
  ASSERT_OK_AND_ASSIGN(const Found other_bytes, next.Find(place, "other", absl::Seconds(1)));
  EXPECT_EQ(other_bytes, Found::kNotSent);
  // The channel that the place names is another one.
  place.channel_id[0] ^= 1;
  ASSERT_OK_AND_ASSIGN(const Found other_channel, next.Find(place, kPayload, absl::Seconds(1)));
  EXPECT_EQ(other_channel, Found::kUnknown);
}

TEST(ChannelOutletTest, SaysWhyItCannotSend) {
  Channel channel = CreateChannel(true);
  Place place;
  ChannelOutlet outlet(channel, "", "bridge");
  {
    ASSERT_OK_AND_ASSIGN(const Sender other, Sender::Attach(channel));
    EXPECT_THAT(outlet.Prepare(1, &place),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no sender slot")));
  }
  ASSERT_OK(outlet.Prepare(1, &place));
  EXPECT_THAT(outlet.Send(std::string(5000, 'x'), absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  while (outlet.Send(kPayload, absl::ZeroDuration()).ok()) {
  }
  EXPECT_THAT(outlet.Send(kPayload, absl::Milliseconds(1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  channel.Close();
  EXPECT_THAT(outlet.Send(kPayload, absl::ZeroDuration()), StatusIs(absl::StatusCode::kOutOfRange));
}

}  // namespace
}  // namespace ipmpsc::bridge
