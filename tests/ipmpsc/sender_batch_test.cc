// Tests batches: several messages in one step, all or none.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/ipmpsc/sender_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using SenderBatchTest = SenderFixture;

TEST_F(SenderBatchTest, ABatchArrivesInOrderWithNothingInBetween) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  const std::vector<absl::string_view> batch = {"first", "", "a longer one than one cell", "last"};
  ASSERT_OK(sender.TrySendBatch(batch));
  ASSERT_OK(sender.SendBatch(batch, absl::ZeroDuration()));
  ASSERT_OK(sender.TrySendBatch({}));
  for (int i = 0; i < 2; ++i) {
    for (absl::string_view expected : batch) {
      ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
      EXPECT_EQ(lease.payload(), expected);
      EXPECT_EQ(lease.sender(), sender.slot());
    }
  }
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ring().sender_slots[sender.slot()].sent_records, 8u);
  EXPECT_EQ(ring().sender_slots[sender.slot()].sent_bytes, 2 * 35u);
}

TEST_F(SenderBatchTest, ABatchThatDoesNotFitIsNotSentInPart) {
  Sender sender = Attach();
  const std::string half(channel_->capacity() / 2 - 16, 'x');
  EXPECT_THAT(sender.TrySendBatch({half, half, ""}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("3 messages"), HasSubstr("4160 bytes"), HasSubstr("4080"))));
  EXPECT_OK(sender.TrySend(""));
  EXPECT_THAT(sender.TrySendBatch({half, half}),
              StatusIs(absl::StatusCode::kResourceExhausted, ""));
  EXPECT_THAT(sender.SendBatch({half, half}, absl::Milliseconds(2)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("full for")));
  EXPECT_EQ(ring().control->claim_word, 64u);
}

TEST_F(SenderBatchTest, ABatchMayFillTheRing) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  const std::string half(channel_->capacity() / 2 - 16, 'x');
  ASSERT_OK(sender.TrySendBatch({half, half}));
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), half);
  }
}

TEST_F(SenderBatchTest, BatchWaitsForItsSpaceOnly) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  ASSERT_OK(sender.TrySend(std::string(channel_->max_payload(), 'x')));
  std::thread thread([&] { EXPECT_OK(sender.SendBatch({"one", "two"}, kLong)); });
  EXPECT_OK(receiver.Receive(kLong).status());
  for (absl::string_view expected : {"one", "two"}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(kLong));
    EXPECT_EQ(lease.payload(), expected);
  }
  thread.join();
}

// Fills a payload with its message's number.
void WriteNumber(size_t i, absl::Span<char> payload) {
  std::fill(payload.begin(), payload.end(), static_cast<char>('0' + i));
}

TEST_F(SenderBatchTest, BatchIsWrittenInPlace) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  const std::vector<size_t> sizes = {5, 0, 40, 16};
  std::vector<size_t> written;
  const auto write = [&](size_t i, absl::Span<char> payload) {
    written.push_back(i);
    EXPECT_EQ(payload.size(), sizes[i]);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(payload.data()) % 16, 0u);
    EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
    WriteNumber(i, payload);
  };
  ASSERT_OK(sender.TryWriteBatch(sizes, write));
  ASSERT_OK(sender.TrySend("another"));
  EXPECT_THAT(written, ElementsAre(0, 1, 2, 3));
  for (const std::string& expected : {std::string(5, '0'), std::string(), std::string(40, '2'),
                                      std::string(16, '3'), std::string("another")}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
  EXPECT_EQ(ring().sender_slots[sender.slot()].sent_records, 5u);
  EXPECT_EQ(ring().sender_slots[sender.slot()].sent_bytes, 61u + 7u);
}

TEST_F(SenderBatchTest, BatchThatDoesNotFitIsNotWritten) {
  Sender sender = Attach();
  const auto write = [](size_t, absl::Span<char>) { FAIL() << "written"; };
  const size_t half = channel_->capacity() / 2 - 16;
  ASSERT_OK(sender.TryWriteBatch({}, write));
  EXPECT_THAT(sender.TryWriteBatch({half, half, 0}, write),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("3 messages")));
  EXPECT_THAT(sender.TryWriteBatch({1, channel_->max_payload() + 1}, write),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4081 bytes")));
  ASSERT_OK(sender.TrySend(""));
  EXPECT_THAT(sender.TryWriteBatch({half, half}, write),
              StatusIs(absl::StatusCode::kResourceExhausted, ""));
  EXPECT_THAT(sender.WriteBatch({half, half}, write, absl::Milliseconds(2)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("full for")));
  EXPECT_EQ(ring().control->claim_word, 64u);
}

// A second claim would be lost if this process died.
TEST_F(SenderBatchTest, OtherSendsAreRefusedDuringABatch) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  ASSERT_OK(sender.WriteBatch(
      {3, 3},
      [&](size_t i, absl::Span<char> payload) {
        const auto refused =
            StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("loan of this sender"));
        EXPECT_THAT(sender.TrySend("no"), refused);
        EXPECT_THAT(sender.TrySendBatch({"no", "no"}), refused);
        EXPECT_THAT(sender.TryWriteBatch({2}, WriteNumber), refused);
        WriteNumber(i, payload);
      },
      kLong));
  ASSERT_OK(sender.TrySend("yes"));
  for (const char* expected : {"000", "111", "yes"}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
}

TEST_F(SenderBatchTest, BatchIsNotSentIfItsWriterThrows) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  const auto write = [](size_t i, absl::Span<char> payload) {
    WriteNumber(i, payload);
    if (i == 1) throw std::runtime_error("no more frames");
  };
  EXPECT_THROW((void)sender.TryWriteBatch({10, 20, 30}, write), std::runtime_error);
  ASSERT_OK(sender.TrySend("afterwards"));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "afterwards");
}

// The commit covers the claimed sizes, even if the caller's memory changes.
TEST_F(SenderBatchTest, ChangedSizesAreIgnoredDuringABatch) {
  Sender sender = Attach();
  Sender other = Attach();
  Receiver receiver = AttachReceiver();
  for (const size_t scribble : {size_t{1}, size_t{0}, size_t{5000}, ~size_t{0}}) {
    std::vector<size_t> sizes = {100, 100, 100};
    ASSERT_OK(sender.TryWriteBatch(sizes, [&](size_t i, absl::Span<char> payload) {
      EXPECT_EQ(payload.size(), 100u);
      WriteNumber(i, payload);
      std::fill(sizes.begin(), sizes.end(), scribble);
    }));
    ASSERT_OK(other.TrySend("innocent"));
    for (const std::string& expected : {std::string(100, '0'), std::string(100, '1'),
                                        std::string(100, '2'), std::string("innocent")}) {
      ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
      EXPECT_EQ(lease.payload(), expected);
    }
  }
}

TEST_F(SenderBatchTest, AWriterMayDestroyItsSender) {
  std::optional<Sender> sender(Attach());
  Receiver receiver = AttachReceiver();
  const uint16_t slot = sender->slot();
  ASSERT_OK(sender->TryWriteBatch({1, 1}, [&](size_t i, absl::Span<char> payload) {
    sender.reset();
    WriteNumber(i, payload);
  }));
  for (const char* expected : {"0", "1"}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
  EXPECT_EQ(Attach().slot(), slot) << "the slot is free again";
}

TEST_F(SenderBatchTest, AWriterMayMoveItsSender) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  std::optional<Sender> moved;
  ASSERT_OK(sender.TryWriteBatch({1}, [&](size_t i, absl::Span<char> payload) {
    moved.emplace(std::move(sender));
    WriteNumber(i, payload);
  }));
  ASSERT_OK(moved->TrySend("afterwards"));
  for (const char* expected : {"0", "afterwards"}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
}

// More messages than the number of sizes that are copied without an allocation.
TEST_F(SenderBatchTest, LongBatches) {
  ChannelOptions options;
  options.capacity = 1 << 20;
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(options));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  const std::vector<size_t> sizes(1000, 3);
  ASSERT_OK(sender.TryWriteBatch(
      sizes, [](size_t i, absl::Span<char> payload) { WriteNumber(i % 10, payload); }));
  size_t received = 0;
  ASSERT_OK(receiver.Drain([&](const Record& record) {
    EXPECT_EQ(record.payload, std::string(3, static_cast<char>('0' + received % 10)));
    ++received;
  }));
  EXPECT_EQ(received, 1000u);
}

// Both processes return from `write`. The claim belongs to the parent.
TEST_F(SenderBatchTest, ForkDuringABatchSendsItOnce) {
  Sender sender = Attach();
  Receiver receiver = AttachReceiver();
  pid_t child = -1;
  const auto fork_and_write = [&](size_t i, absl::Span<char> payload) {
    WriteNumber(i, payload);
    if (i != 1) return;
    child = fork();
    ASSERT_NE(child, -1);
    if (child == 0) return;
    EXPECT_EQ(ChildProcess::Adopt(child).Wait(), "exited 0");
    // The child has ended and has committed nothing.
    EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  };
  const absl::Status sent = sender.TryWriteBatch({1, 2}, fork_and_write);
  if (child == 0) _exit(sent.code() == absl::StatusCode::kFailedPrecondition ? 0 : 1);
  ASSERT_OK(sent);
  for (const char* expected : {"0", "11"}) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), expected);
  }
  EXPECT_EQ(ring().sender_slots[sender.slot()].sent_records, 2u);
}

}  // namespace
}  // namespace ipmpsc
