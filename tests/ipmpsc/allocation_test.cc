// Tests that sending and receiving allocate nothing in the steady state.
#include <stdlib.h>

#include <atomic>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/status_matchers.h"

namespace {

std::atomic<int> allocations = 0;

void* Allocate(size_t size) {
  ++allocations;
  void* const memory = malloc(size);
  if (memory == nullptr) abort();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }

namespace ipmpsc {
namespace {

class AllocationTest : public ::testing::Test {
 protected:
  AllocationTest() {
    ChannelOptions options;
    options.capacity = 1 << 16;
    channel_ = *Channel::CreateAnonymous(options);
    sender_.emplace(*Sender::Attach(*channel_));
    receiver_.emplace(*Receiver::Attach(*channel_));
  }

  // Returns the number of allocations of `work`, repeated a hundred times.
  template <typename Work>
  int CountAllocations(Work work) {
    const int before = allocations;
    for (int i = 0; i < 100; ++i) work();
    return allocations - before;
  }

  const std::string payload_ = std::string(1000, 'x');
  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
};

TEST_F(AllocationTest, CounterCountsAnAllocation) {
  EXPECT_GE(CountAllocations([] { const std::string text(100, 'x'); }), 100);
}

TEST_F(AllocationTest, SendAndReceive) {
  EXPECT_EQ(CountAllocations([&] {
              if (!sender_->TrySend(payload_).ok()) abort();
              if (!receiver_->TryReceive().ok()) abort();
              if (!sender_->Send(payload_, absl::InfiniteDuration()).ok()) abort();
              if (!receiver_->Receive(absl::InfiniteDuration()).ok()) abort();
              if (!sender_->SendWhenEmpty(payload_, absl::InfiniteDuration()).ok()) abort();
              if (!receiver_->Drain([](const Record&) {}).ok()) abort();
            }),
            0);
}

TEST_F(AllocationTest, LoansPublishedWholeShorterAndDropped) {
  EXPECT_EQ(CountAllocations([&] {
              std::move(*sender_->TryClaim(100)).Publish();
              std::move(*sender_->TryClaim(100)).Publish(10);
              { const Loan dropped = *sender_->TryClaim(100); }
              if (!receiver_->TryReceive().ok()) abort();
              if (!receiver_->TryReceive().ok()) abort();
            }),
            0);
}

TEST_F(AllocationTest, VainPollsAllocateNothing) {
  while (sender_->TrySend(payload_).ok()) {
  }
  EXPECT_EQ(CountAllocations([&] {
              if (sender_->TrySend(payload_).ok()) abort();
              if (sender_->Send(payload_, absl::ZeroDuration()).ok()) abort();
              if (sender_->TryClaim(payload_.size()).ok()) abort();
            }),
            0);
  ASSERT_OK(receiver_->Drain([](const Record&) {}));
  EXPECT_EQ(CountAllocations([&] {
              if (receiver_->TryReceive().ok()) abort();
              if (receiver_->Receive(absl::ZeroDuration()).ok()) abort();
              if (receiver_->Drain([](const Record&) {}).ok()) abort();
            }),
            0);
}

TEST_F(AllocationTest, LeasesUpToTheFormerMaximumAllocateNothing) {
  const auto hold_many = [&] {
    std::optional<Lease> held[200];
    for (std::optional<Lease>& lease : held) {
      if (!sender_->TrySend("x").ok()) abort();
      lease.emplace(*receiver_->TryReceive());
    }
  };
  hold_many();
  EXPECT_EQ(CountAllocations(hold_many), 0);
}

}  // namespace
}  // namespace ipmpsc
