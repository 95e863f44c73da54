// Runs several senders and one receiver as threads over one channel, for TSan. The amount of work
// is fixed. No result depends on time.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

constexpr int kThreads = 3;

// The beginning of every message. It determines the bytes that follow.
struct Header {
  uint32_t thread;
  uint32_t sequence;
};

char ByteAt(const Header& header, size_t index) {
  return static_cast<char>(header.thread * 131 + header.sequence * 31 + index * 7);
}

void Fill(char* bytes, size_t size, const Header& header) {
  std::memcpy(bytes, &header, sizeof(header));
  for (size_t i = sizeof(header); i < size; ++i) bytes[i] = ByteAt(header, i);
}

Channel NewChannel(uint64_t capacity, uint32_t max_senders) {
  ChannelOptions options;
  options.capacity = capacity;
  options.max_senders = max_senders;
  return *Channel::CreateAnonymous(options);
}

// Checks the bytes, and the order within each thread.
class Ledger {
 public:
  void Check(absl::string_view payload) {
    Header header;
    ASSERT_GE(payload.size(), sizeof(header));
    std::memcpy(&header, payload.data(), sizeof(header));
    for (size_t i = sizeof(header); i < payload.size(); ++i) {
      ASSERT_EQ(payload[i], ByteAt(header, i)) << "torn at byte " << i;
    }
    ASSERT_EQ(header.sequence, next_[header.thread]++) << "thread " << header.thread;
    ++count_;
  }
  uint32_t count() const { return count_; }

 private:
  std::map<uint32_t, uint32_t> next_;
  uint32_t count_ = 0;
};

// Sends message `header` in one of several ways.
void SendSomehow(Sender* sender, const Header& header, size_t size, uint32_t way) {
  if (way == 0) {  // in place, and shorter than claimed
    absl::StatusOr<Loan> loan = sender->Claim(size + 50, absl::InfiniteDuration());
    ASSERT_OK(loan);
    Fill(loan->payload().data(), size, header);
    std::move(*loan).Publish(size);
    return;
  }
  if (way == 1) {  // one dropped before
    ASSERT_OK(sender->Claim(size, absl::InfiniteDuration()));
  }
  std::string payload(size, '\0');
  Fill(&payload[0], size, header);
  if (way == 2) {
    absl::Status sent;
    do {
      sent = sender->TrySend(payload);
    } while (absl::IsResourceExhausted(sent));
    ASSERT_OK(sent);
    return;
  }
  ASSERT_OK(sender->Send(payload, absl::InfiniteDuration()));
}

// Sends message `first` and the next two in one batch.
void SendThree(Sender* sender, const Header& first, size_t size) {
  std::string payloads[3];
  for (uint32_t i = 0; i < 3; ++i) {
    payloads[i].resize(size + i);
    Fill(&payloads[i][0], size + i, {first.thread, first.sequence + i});
  }
  ASSERT_OK(sender->SendBatch({payloads[0], payloads[1], payloads[2]}, absl::InfiniteDuration()));
}

std::vector<std::thread> StartSenders(const Channel& channel, uint32_t messages, size_t longest) {
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([=] {
      absl::StatusOr<Sender> sender = Sender::Attach(channel);
      ASSERT_OK(sender);
      std::mt19937 random(thread);
      for (uint32_t i = 0; i < messages; ++i) {
        const size_t size = sizeof(Header) + random() % (longest - sizeof(Header));
        const uint32_t way = random() % 8;
        if (way == 3 && i + 3 <= messages && size <= 200) {
          SendThree(&*sender, {thread, i}, size);
          i += 2;
        } else {
          SendSomehow(&*sender, {thread, i}, size, way);
        }
      }
    });
  }
  return threads;
}

void Join(std::vector<std::thread>* threads) {
  for (std::thread& thread : *threads) thread.join();
}

TEST(ThreadsTest, MixedSizesThroughAFullRing) {
  constexpr uint32_t kMessages = 1500;
  const Channel channel = NewChannel(4096, kThreads);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  std::vector<std::thread> threads = StartSenders(channel, kMessages, 1500);
  Ledger ledger;
  while (ledger.count() < kThreads * kMessages && !::testing::Test::HasFailure()) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(absl::InfiniteDuration()));
    ledger.Check(lease.payload());
  }
  Join(&threads);
  EXPECT_THAT(receiver.Receive(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(ThreadsTest, LeasesReleasedInAnyOrder) {
  constexpr uint32_t kMessages = 1500;
  const Channel channel = NewChannel(8192, kThreads);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  std::vector<std::thread> threads = StartSenders(channel, kMessages, 700);
  Ledger ledger;
  std::mt19937 random(99);
  std::vector<std::pair<Lease, std::string>> held;
  while (ledger.count() < kThreads * kMessages && !::testing::Test::HasFailure()) {
    // While leases are held, the ring may have no space for the next message, so this thread does
    // not wait.
    absl::StatusOr<Lease> lease =
        held.empty() ? receiver.Receive(absl::InfiniteDuration()) : receiver.TryReceive();
    if (lease.ok()) {
      ledger.Check(lease->payload());
      std::string copy(lease->payload());
      held.emplace_back(*std::move(lease), std::move(copy));
    }
    if (!held.empty() && (!lease.ok() || held.size() == 6)) {
      const size_t at = random() % held.size();
      ASSERT_EQ(held[at].first.payload(), held[at].second) << "overwritten while it was held";
      std::swap(held[at], held.back());
      held.pop_back();
    }
  }
  held.clear();
  Join(&threads);
}

TEST(ThreadsTest, DrainInBatches) {
  constexpr uint32_t kMessages = 3000;
  const Channel channel = NewChannel(4096, kThreads);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  std::vector<std::thread> threads = StartSenders(channel, kMessages, 60);
  Ledger ledger;
  while (ledger.count() < kThreads * kMessages && !::testing::Test::HasFailure()) {
    const auto drained =
        receiver.Drain([&](const Record& record) { ledger.Check(record.payload); }, 16);
    if (drained.ok()) continue;
    ASSERT_THAT(drained, StatusIs(absl::StatusCode::kUnavailable));
    std::this_thread::yield();
  }
  Join(&threads);
}

TEST(ThreadsTest, BothSidesSleepInTurn) {
  // One message fills the ring, and each answer is awaited, so both sides sleep for every step.
  constexpr uint32_t kRounds = 300;
  const Channel there = NewChannel(4096, 1);
  const Channel back = NewChannel(4096, 1);
  std::thread echo([&] {
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(there));
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(back));
    for (uint32_t i = 0; i < 2 * kRounds; ++i) {
      ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(absl::InfiniteDuration()));
      if (i % 2 == 0) continue;
      ASSERT_OK(sender.Send(lease.payload(), absl::InfiniteDuration()));
    }
  });
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(there));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(back));
  for (uint32_t i = 0; i < kRounds; ++i) {
    std::string payload(there.max_payload(), '\0');
    Fill(&payload[0], payload.size(), {0, i});
    ASSERT_OK(sender.Send(payload, absl::InfiniteDuration()));
    // Waits until the first message is received and released.
    ASSERT_OK(sender.Send(payload, absl::InfiniteDuration()));
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(absl::InfiniteDuration()));
    ASSERT_EQ(lease.payload(), payload);
  }
  echo.join();
}

TEST(ThreadsTest, SendWhenEmptyOfSeveralThreadsAlwaysFindsAnEmptyRing) {
  constexpr uint32_t kMessages = 300;
  const Channel channel = NewChannel(4096, kThreads);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([=] {
      ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
      std::string payload(100, '\0');
      for (uint32_t i = 0; i < kMessages; ++i) {
        Fill(&payload[0], payload.size(), {thread, i});
        ASSERT_OK(sender.SendWhenEmpty(payload, absl::InfiniteDuration()));
      }
    });
  }
  Ledger ledger;
  while (ledger.count() < kThreads * kMessages && !::testing::Test::HasFailure()) {
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(absl::InfiniteDuration()));
    ledger.Check(lease.payload());
    // While the lease is held, no sender has space.
    EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  }
  Join(&threads);
}

// Small messages take all released space, so the ring is never empty. A message that needs the
// whole ring must still get through.
TEST(ThreadsTest, LargeMessageGetsItsTurnBesideSmallOnes) {
  constexpr int kMostRounds = 1'000'000;
  Channel channel = NewChannel(4096, 2);
  Receiver receiver = *Receiver::Attach(channel);
  Sender small = *Sender::Attach(channel);
  const auto fill = [&] {
    while (small.TrySend("small").ok()) {
    }
  };
  fill();
  std::atomic<bool> sent{false};
  std::thread large([&] {
    Sender sender = *Sender::Attach(channel);
    sent.store(sender.Send(std::string(channel.max_payload(), 'x'), Deadline::Never()).ok());
  });
  for (int round = 0; round < kMostRounds && !sent.load(); ++round) {
    (void)receiver.TryReceive();
    fill();
  }
  EXPECT_TRUE(sent.load());
  channel.Close();  // ends the thread in any case
  large.join();
}

TEST(ThreadsTest, AttachAndDetachAllTheTime) {
  // There are fewer slots than threads. Each sender attaches for a few messages only. The receiver
  // also attaches and detaches.
  constexpr uint32_t kVisits = 120;
  constexpr uint32_t kPerVisit = 5;
  const Channel channel = NewChannel(4096, kThreads - 1);
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([=] {
      uint32_t sequence = 0;
      for (uint32_t visit = 0; visit < kVisits; ++visit) {
        absl::StatusOr<Sender> sender = Sender::Attach(channel);
        while (absl::IsResourceExhausted(sender.status())) {
          std::this_thread::yield();
          sender = Sender::Attach(channel);
        }
        ASSERT_OK(sender);
        for (uint32_t i = 0; i < kPerVisit; ++i, ++sequence) {
          SendSomehow(&*sender, {thread, sequence}, sizeof(Header) + sequence % 200, sequence % 8);
        }
      }
    });
  }
  Ledger ledger;
  uint64_t last = 0;
  while (ledger.count() < kThreads * kVisits * kPerVisit && !::testing::Test::HasFailure()) {
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    for (int i = 0; i < 40 && ledger.count() < kThreads * kVisits * kPerVisit; ++i) {
      ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.Receive(absl::InfiniteDuration()));
      ASSERT_TRUE(ledger.count() == 0 || lease.position() > last);
      last = lease.position();
      ledger.Check(lease.payload());
    }
  }
  Join(&threads);
}

TEST(ThreadsTest, HandlesOutliveTheThreadThatAttached) {
  const Channel channel = NewChannel(4096, 1);
  std::optional<Sender> sender;
  std::optional<Receiver> receiver;
  std::optional<Loan> loan;
  std::optional<Lease> lease;
  const auto in_a_thread = [](const std::function<void()>& work) { std::thread(work).join(); };
  in_a_thread([&] { sender.emplace(*Sender::Attach(channel)); });
  in_a_thread([&] { receiver.emplace(*Receiver::Attach(channel)); });
  in_a_thread([&] { loan.emplace(*sender->TryClaim(3)); });
  // Neither participant counts as dead.
  EXPECT_THAT(Sender::Attach(channel), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Receiver::Attach(channel), StatusIs(absl::StatusCode::kAlreadyExists));
  in_a_thread([&] {
    EXPECT_THAT(receiver->Receive(absl::Milliseconds(15)),
                StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("sender 0")));
  });
  in_a_thread([&] {
    std::memcpy(loan->payload().data(), "one", 3);
    std::move(*loan).Publish();
  });
  in_a_thread([&] { lease.emplace(*receiver->TryReceive()); });
  EXPECT_EQ(lease->payload(), "one");
  in_a_thread([&] { lease.reset(); });
  in_a_thread([&] { EXPECT_OK(sender->TrySend("two")); });
  in_a_thread([&] { EXPECT_OK(receiver->TryReceive()); });
  in_a_thread([&] { sender.reset(); });
  in_a_thread([&] { receiver.reset(); });
  EXPECT_OK(Sender::Attach(channel));
  EXPECT_OK(Receiver::Attach(channel));
}

TEST(ThreadsTest, CloseWakesAllWaitsWithoutADeadline) {
  for (int round = 0; round < 30; ++round) {
    Channel empty = NewChannel(4096, kThreads);
    Channel full = NewChannel(4096, kThreads);
    {
      ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(full));
      ASSERT_OK(sender.TrySend(std::string(full.max_payload(), 'x')));
    }
    std::atomic<int> ready = 0;
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(empty));
      ++ready;
      EXPECT_THAT(receiver.Receive(absl::InfiniteDuration()),
                  StatusIs(absl::StatusCode::kOutOfRange));
    });
    for (int i = 0; i < kThreads - 1; ++i) {
      threads.emplace_back([&] {
        ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(full));
        ++ready;
        EXPECT_THAT(sender.Send("x", absl::InfiniteDuration()),
                    StatusIs(absl::StatusCode::kFailedPrecondition));
      });
    }
    while (ready < kThreads) std::this_thread::yield();
    // Some rounds find the threads asleep, some still spinning.
    for (int i = 0; i < round * 1000; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    empty.Close();
    full.Close();
    Join(&threads);
  }
}

TEST(ThreadsTest, EachSendThatSucceedsBesideACloseIsReceivedBeforeTheEnd) {
  uint32_t received = 0;
  for (int round = 0; round < 300 && !::testing::Test::HasFailure(); ++round) {
    Channel channel = NewChannel(4096, kThreads);
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
    std::atomic<int> ready{0};
    std::atomic<uint32_t> sent{0};
    std::vector<std::thread> threads;
    for (uint32_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
        std::string payload(20, '\0');
        ++ready;
        for (uint32_t i = 0;; ++i) {
          Fill(&payload[0], payload.size(), {thread, i});
          const absl::Status status = sender.Send(payload, absl::InfiniteDuration());
          if (!status.ok()) {
            EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
            return;
          }
          ++sent;
        }
      });
    }
    threads.emplace_back([&, round] {
      while (ready < kThreads) std::this_thread::yield();
      // The close meets another point of the senders' work in each round.
      for (int i = 0; i < round % 60 * 300; ++i) {
        std::atomic_signal_fence(std::memory_order_seq_cst);
      }
      channel.Close();
    });
    Ledger ledger;
    for (;;) {
      const absl::StatusOr<Lease> lease = receiver.Receive(absl::InfiniteDuration());
      if (!lease.ok()) {
        EXPECT_THAT(lease, StatusIs(absl::StatusCode::kOutOfRange));
        break;
      }
      ledger.Check(lease->payload());
    }
    Join(&threads);
    EXPECT_EQ(ledger.count(), sent) << "round " << round;
    EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kOutOfRange));
    received += ledger.count();
  }
  EXPECT_GT(received, 300u) << "the senders never ran beside the close";
}

}  // namespace
}  // namespace ipmpsc
