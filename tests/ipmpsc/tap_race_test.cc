// Reads a channel with taps while senders overwrite it lap after lap. Every message must be whole,
// every one must come once and in order, and every byte must be accounted for.
#include <atomic>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/casts.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/tap.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::StatusIs;

constexpr int kSenders = 2;

// A message is one word again and again: the sender's slot and the number of the message, mixed.
uint64_t WordOf(uint16_t slot, uint64_t number) {
  return (number << 8 | slot) * 0x9e3779b97f4a7c15;
}
size_t WordsOf(uint64_t number) { return 1 + number * 7919 % 100; }

std::string MessageOf(uint16_t slot, uint64_t number) {
  std::string message(WordsOf(number) * sizeof(uint64_t), '\0');
  const uint64_t word = WordOf(slot, number);
  for (size_t i = 0; i < message.size(); i += sizeof(word)) {
    std::memcpy(&message[i], &word, sizeof(word));
  }
  return message;
}

// The inverse of the multiplier, modulo 2^64.
constexpr uint64_t Inverse(uint64_t odd) {
  uint64_t inverse = odd;
  for (int i = 0; i < 6; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

// Returns why the message is not one that its sender has sent, or "". `*number` is its number.
std::string Wrong(const TapMessage& message, uint64_t* number) {
  if (message.payload.empty() || message.payload.size() % sizeof(uint64_t) != 0) return "size";
  uint64_t first;
  std::memcpy(&first, message.payload.data(), sizeof(first));
  const uint64_t mixed = first * Inverse(0x9e3779b97f4a7c15);
  *number = mixed >> 8;
  if ((mixed & 0xff) != message.sender) return "sender";
  return message.payload == MessageOf(message.sender, *number) ? "" : "torn";
}

struct Ledger {
  uint64_t messages = 0;
  uint64_t bytes = 0;  // of records
  uint64_t torn = 0;
  uint64_t disordered = 0;
  uint64_t first = 0;        // the position of the first message
  uint64_t unannounced = 0;  // gaps in the positions that `lost_before` does not explain
};

// Reads until the channel is closed. Pauses now and then, to be overtaken.
Ledger ReadAll(Tap* tap, const internal::Ring& ring, uint32_t seed) {
  Ledger ledger;
  std::vector<uint64_t> next(kSenders, 0);
  uint64_t position = 0;
  for (;;) {
    TapMessage message;
    const absl::Status status = tap->Next(absl::Seconds(60), &message);
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange));
      return ledger;
    }
    uint64_t number = 0;
    if (!Wrong(message, &number).empty()) {
      ++ledger.torn;
      continue;
    }
    if (number < next[message.sender]) ++ledger.disordered;
    next[message.sender] = number + 1;
    // A recorder searches for its first message.
    if (ledger.messages == 0) {
      ledger.first = message.position - message.lost_before;
    } else if (message.position != position + message.lost_before) {
      ++ledger.unannounced;
    }
    const uint64_t size = ring.RecordSizeOf(message.payload.size());
    position = message.position + size;
    ++ledger.messages;
    ledger.bytes += size;
    seed = seed * 1664525 + 1013904223;
    if (seed >> 24 == 0) std::this_thread::yield();
  }
}

void Race(TapStart start, bool timestamps, uint64_t messages_per_sender) {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = kSenders;
  options.timestamps = timestamps;
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous(options));
  const internal::Ring& ring = internal::ChannelAccess::SegmentOf(channel)->ring();
  TapOptions tap_options;
  tap_options.start = start;
  Tap tap = Tap::Over(channel, tap_options);

  std::atomic<int> sending{kSenders};
  std::vector<std::thread> threads;
  for (int i = 0; i < kSenders; ++i) {
    threads.emplace_back([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(channel);
      ASSERT_OK(sender);
      for (uint64_t number = 0; number < messages_per_sender; ++number) {
        ASSERT_OK(sender->Send(MessageOf(sender->slot(), number), absl::Seconds(60)));
      }
      if (sending.fetch_sub(1) == 1) channel.Close();
    });
  }
  threads.emplace_back([&] {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
    ASSERT_OK(receiver);
    while (receiver->Receive(absl::Seconds(60)).ok()) {
    }
  });
  const Ledger ledger = ReadAll(&tap, ring, 1);
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(ledger.torn, 0u);
  EXPECT_EQ(ledger.disordered, 0u);
  EXPECT_EQ(ledger.unannounced, 0u);
  const TapLoss loss = tap.loss();
  const ChannelStats stats = channel.Stats();
  EXPECT_EQ(loss.holes, 0u);
  EXPECT_EQ(ledger.first + ledger.bytes + loss.bytes, stats.claim_position);
  if (timestamps) {
    // Only the next message of a sender tells the last loss of its messages.
    EXPECT_LE(ledger.messages + loss.messages, kSenders * messages_per_sender);
  }
  std::cout << "read " << ledger.messages << " of " << kSenders * messages_per_sender << ", lost "
            << loss.messages << " in " << loss.overtakings << " overtakings\n";
}

TEST(TapRaceTest, LiveTap) { Race(TapStart::kNow, false, 200'000); }
TEST(TapRaceTest, Recorder) { Race(TapStart::kOldestKept, false, 200'000); }
TEST(TapRaceTest, LiveTapWithTimestamps) { Race(TapStart::kOldestUnreleased, true, 100'000); }

// Records that are overwritten without regard to any receiver, so that the next lap often begins
// while a tap copies. The old stamp stands until the end of the new record.
TEST(TapRaceTest, RecordOverwrittenDuringItsCopyIsThrownAway) {
  ChannelOptions options;
  options.capacity = 4096;
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous(options));
  const internal::Ring& ring = internal::ChannelAccess::SegmentOf(channel)->ring();
  // A record of a quarter of the ring, so that each lap puts its headers in the same places.
  constexpr size_t kWords = (1024 - sizeof(internal::RecordHeader)) / sizeof(uint64_t);
  constexpr uint32_t kLength = kWords * sizeof(uint64_t);
  const uint64_t size = ring.RecordSizeOf(kLength);
  // Owns the slot of the intents: a tap that waits for a record asks whether its sender lives.
  ASSERT_OK_AND_ASSIGN(const Sender owner, Sender::Attach(channel));
  internal::SenderSlot& slot = ring.sender_slots[owner.slot()];
  std::atomic<bool> stop{false};
  std::thread scribbler([&] {
    for (internal::Position position = 0; !stop; position += size) {
      // The steps of a sender, in its order.
      slot.intent_size.store(size, std::memory_order_relaxed);
      slot.intent_position.store(position, std::memory_order_release);
      ring.control->claim_word.store(position + size, std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_release);
      auto* const words = reinterpret_cast<std::atomic<uint64_t>*>(ring.At(position) +
                                                                   sizeof(internal::RecordHeader));
      for (size_t i = 0; i < kWords; ++i) words[i].store(position, std::memory_order_relaxed);
      internal::RecordHeader* const header = ring.HeaderAt(position);
      header->description.store(absl::bit_cast<uint64_t>(internal::RecordDescription{
                                    kLength, owner.slot(), internal::RecordKind::kMessage, 0}),
                                std::memory_order_relaxed);
      header->stamp.store(ring.StampOf(position), std::memory_order_release);
      ring.control->release_position.store(position + size, std::memory_order_release);
    }
  });
  Tap tap = Tap::Over(channel);
  uint64_t torn = 0;
  absl::Status status;
  for (int read = 0; read < 20'000; ++read) {
    TapMessage message;
    status = tap.Next(absl::Seconds(60), &message);
    if (!status.ok()) break;
    if (message.payload.size() != kLength) ++torn;
    for (size_t at = 0; at + sizeof(uint64_t) <= message.payload.size(); at += sizeof(uint64_t)) {
      uint64_t word;
      std::memcpy(&word, message.payload.data() + at, sizeof(word));
      if (word != message.position) {
        ++torn;
        break;
      }
    }
  }
  stop = true;
  scribbler.join();
  EXPECT_OK(status);
  EXPECT_EQ(torn, 0u);
  EXPECT_GT(tap.loss().overtakings, 0u);
}

// The receiver takes and the senders send as long as the tap keeps up, so all is read and exact.
TEST(TapRaceTest, ATapThatKeepsUpLosesNothing) {
  ChannelOptions options;
  options.max_senders = kSenders;
  options.timestamps = true;
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous(options));
  Tap tap = Tap::Over(channel);
  std::atomic<uint64_t> read{0};
  constexpr uint64_t kMessages = 20'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kSenders; ++i) {
    threads.emplace_back([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(channel);
      ASSERT_OK(sender);
      for (uint64_t number = 0; number < kMessages; ++number) {
        // At most 400 messages of less than 1 KiB ahead of the tap, in a ring of 1 MiB.
        while (number > read.load() / kSenders + 200) std::this_thread::yield();
        ASSERT_OK(sender->Send(MessageOf(sender->slot(), number), absl::Seconds(60)));
      }
    });
  }
  threads.emplace_back([&] {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
    ASSERT_OK(receiver);
    for (uint64_t i = 0; i < kSenders * kMessages; ++i) {
      ASSERT_OK(receiver->Receive(absl::Seconds(60)));
    }
  });
  std::vector<uint64_t> next(kSenders, 0);
  for (uint64_t i = 0; i < kSenders * kMessages; ++i) {
    ASSERT_OK_AND_ASSIGN(const TapMessage message, tap.Next(absl::Seconds(60)));
    uint64_t number = 0;
    ASSERT_EQ(Wrong(message, &number), "");
    ASSERT_EQ(number, next[message.sender]++);
    ASSERT_EQ(message.sequence, number + 1);
    read.store(i + 1);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tap.loss().bytes, 0u);
  EXPECT_EQ(tap.loss().messages, 0u);
  EXPECT_TRUE(tap.loss().messages_are_exact);
}

}  // namespace
}  // namespace ipmpsc
