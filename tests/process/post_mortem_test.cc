// Kills all processes of a channel at any moment. What PostMortem reads from the file afterwards
// is, position by position, what a successor of the receiver gets.
#include "ipmpsc/post_mortem.h"

#include <signal.h>

#include <cstdint>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;

constexpr int kRounds = 10;
constexpr int kSenders = 3;

// The number, and as many bytes derived from it as it says.
std::string MessageOf(uint64_t number) {
  std::string message(sizeof(number) + number * 7919 % 400, static_cast<char>(number * 31 + 7));
  std::memcpy(&message[0], &number, sizeof(number));
  return message;
}

bool IsWhole(absl::string_view message, uint64_t* number) {
  if (message.size() < sizeof(*number)) return false;
  std::memcpy(number, message.data(), sizeof(*number));
  return message == MessageOf(*number);
}

// Sends in all ways until it is killed.
void SendForever(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Open(path);
  if (!channel.ok()) return;
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return;
  for (uint64_t number = 0;;) {
    switch (number % 4) {
      case 0: {
        const std::string texts[3] = {MessageOf(number), MessageOf(number + 1),
                                      MessageOf(number + 2)};
        const absl::string_view batch[3] = {texts[0], texts[1], texts[2]};
        if (!sender->SendBatch(batch, absl::Seconds(60)).ok()) return;
        number += 3;
        break;
      }
      case 1: {  // published shorter
        absl::StatusOr<Loan> loan = sender->Claim(1000, absl::Seconds(60));
        if (!loan.ok()) return;
        const std::string text = MessageOf(number++);
        std::memcpy(loan->payload().data(), text.data(), text.size());
        std::move(*loan).Publish(text.size());
        break;
      }
      case 2: {  // dropped
        if (!sender->Claim(300, absl::Seconds(60)).ok()) return;
        if (!sender->Send(MessageOf(number++), absl::Seconds(60)).ok()) return;
        break;
      }
      default:
        if (!sender->Send(MessageOf(number++), absl::Seconds(60)).ok()) return;
    }
  }
}

void ReceiveForever(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Open(path);
  if (!channel.ok()) return;
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return;
  while (receiver->Receive(absl::Seconds(60)).ok()) {
  }
}

// Position, sender, number in its slot, payload.
using Message = std::tuple<uint64_t, uint16_t, uint64_t, std::string>;

struct Totals {
  uint64_t released = 0;
  uint64_t unreleased = 0;
  uint64_t orphans = 0;
};

void Round(int round, Totals* totals) {
  const SharedMemoryDirectory directory;
  const std::string path = directory / "channel";
  ChannelOptions options;
  options.capacity = 64 << 10;
  options.max_senders = kSenders;
  options.timestamps = round % 2 == 0;
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path, options));
  std::vector<ChildProcess> children;
  children.push_back(ChildProcess::Fork([&path] {
    ReceiveForever(path);
    return 0;
  }));
  for (int i = 0; i < kSenders; ++i) {
    children.push_back(ChildProcess::Fork([&path] {
      SendForever(path);
      return 0;
    }));
  }
  // Until all are attached and messages flow, then for some more time.
  ASSERT_TRUE(Await([&] {
    const ChannelStats stats = channel.Stats();
    return stats.claim_position >= options.capacity * 2 && stats.senders.size() == kSenders;
  }));
  absl::SleepFor(absl::Microseconds(round * 7919 % 5000));
  for (const ChildProcess& child : children) child.Signal(SIGKILL);
  for (ChildProcess& child : children) child.Kill();

  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path));
  std::vector<Message> unreleased;
  std::map<uint16_t, uint64_t> next;
  for (;;) {
    absl::StatusOr<PostMortemMessage> message = found.Next();
    if (!message.ok()) {
      ASSERT_THAT(message.status(), StatusIs(absl::StatusCode::kOutOfRange));
      break;
    }
    uint64_t number = 0;
    ASSERT_TRUE(IsWhole(message->payload, &number)) << message->position;
    if (next.count(message->sender) != 0) {
      ASSERT_EQ(number, next[message->sender]);
    }
    next[message->sender] = number + 1;
    if (message->released) {
      ++totals->released;
      ASSERT_TRUE(unreleased.empty());
    } else {
      unreleased.emplace_back(message->position, message->sender, message->sequence,
                              std::move(message->payload));
    }
  }
  uint64_t orphaned_bytes = 0;
  uint64_t orphaned_records = 0;
  for (const Orphan& orphan : found.orphans()) {
    if (orphan.released) continue;
    EXPECT_TRUE(orphan.sender.has_value());
    ++orphaned_records;
    orphaned_bytes += orphan.bytes;
  }
  const ChannelStats before = found.stats();
  EXPECT_TRUE(before.receiver.has_value() && before.receiver->died());
  EXPECT_EQ(before.senders.size(), static_cast<size_t>(kSenders));

  channel.Close();
  std::vector<Message> received;
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  for (;;) {
    const absl::StatusOr<Lease> lease = receiver.Receive(absl::Seconds(60));
    if (!lease.ok()) {
      ASSERT_THAT(lease.status(), StatusIs(absl::StatusCode::kOutOfRange));
      break;
    }
    received.emplace_back(lease->position(), lease->sender(), lease->sequence(),
                          std::string(lease->payload()));
  }
  EXPECT_TRUE(received == unreleased) << received.size() << " and " << unreleased.size();
  const ChannelStats after = channel.Stats();
  EXPECT_EQ(after.receiver->orphaned_records - before.receiver->orphaned_records, orphaned_records);
  EXPECT_EQ(after.receiver->orphaned_bytes - before.receiver->orphaned_bytes, orphaned_bytes);
  totals->unreleased += unreleased.size();
  totals->orphans += orphaned_records;
}

TEST(PostMortemKillTest, ReadsWhatASuccessorReceives) {
  Totals totals;
  for (int round = 0; round < kRounds && !HasFatalFailure(); ++round) Round(round, &totals);
  EXPECT_GT(totals.released, 0u);
  EXPECT_GT(totals.unreleased, 0u);
  std::cout << kRounds << " rounds: " << totals.released << " released, " << totals.unreleased
            << " unreleased, " << totals.orphans << " orphans\n";
}

}  // namespace
}  // namespace ipmpsc
