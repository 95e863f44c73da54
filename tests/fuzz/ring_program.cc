#include "tests/fuzz/ring_program.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "tests/fuzz/attacked_channel.h"
#include "tests/fuzz/receiver_end.h"
#include "tests/fuzz/sender_end.h"
#include "tests/fuzz/waiting.h"

namespace ipmpsc::fuzz {
namespace {

constexpr int kMostSteps = 100;
// The thread's progress in so short a time varies, so there are several rounds.
constexpr int kRounds = 2;

// Repeats acts in a thread of its own until it is given others. One thread serves all inputs, since
// starting one takes longer than an input.
class Scribbler {
 public:
  static Scribbler& The() {
    static Scribbler* const scribbler = new Scribbler;
    return *scribbler;
  }

  void Scribble(const internal::Ring* ring, absl::string_view acts) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ring_ = ring;
    acts_ = std::string(acts);
    // Relaxed: the acts are read under the lock.
    version_.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  Scribbler() {
    std::thread([this] { Run(); }).detach();
  }

  void Run() {
    uint64_t version = 0;
    const internal::Ring* ring = nullptr;
    std::string acts;
    for (;;) {
      // Relaxed: as above.
      if (version_.load(std::memory_order_relaxed) != version) {
        const std::lock_guard<std::mutex> lock(mutex_);
        version = version_.load(std::memory_order_relaxed);
        ring = ring_;
        acts = acts_;
      }
      if (acts.empty()) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        continue;
      }
      Input input(acts);
      while (!input.empty()) AttackedChannel::Tamper(*ring, &input);
    }
  }

  std::mutex mutex_;
  const internal::Ring* ring_ = nullptr;
  std::string acts_;
  std::atomic<uint64_t> version_{0};
};

void Run(const Steps& steps, bool alone, Input input, AttackedChannel* channel,
         WaitBudget* budget) {
  ReceiverEnd receiver(channel, budget, alone);
  SenderEnd senders[] = {{channel, budget, alone}, {channel, budget, alone}};
  for (int i = 0; i < kMostSteps && !input.empty(); ++i) {
    const uint32_t step = input.Pick(steps.acts + steps.receiver + steps.senders);
    if (step < steps.acts) {
      AttackedChannel::Tamper(internal::ChannelAccess::SegmentOf(channel->channel())->ring(),
                              &input);
    } else if (step < steps.acts + steps.receiver) {
      receiver.Operate(&input);
    } else {
      senders[step % 2].Operate(&input);
    }
  }
}

}  // namespace

void RunAlone(const Steps& steps, Input input) {
  AttackedChannel& channel = TheAttackedChannel(/*timestamps=*/input.Pick(2) == 1);
  channel.Reset();
  WaitBudget budget(/*waits=*/2, absl::Milliseconds(2));
  Run(steps, /*alone=*/true, input, &channel, &budget);
  channel.RequireHeaderUntouched();
}

void RunScribbled(const Steps& steps, Input input) {
  AttackedChannel& channel = TheAttackedChannel(/*timestamps=*/input.Pick(2) == 1);
  channel.Reset();
  const absl::string_view acts = input.TakeBytes(size_t{8} * (1 + input.Pick(32)));
  const internal::Ring& ring = internal::ChannelAccess::SegmentOf(channel.channel())->ring();
  // Does the acts once here, so that they happen even on a busy machine.
  for (Input once(acts); !once.empty();) AttackedChannel::Tamper(ring, &once);
  Scribbler::The().Scribble(&ring, acts);
  WaitBudget budget(/*waits=*/1, absl::Microseconds(100));
  for (int i = 0; i < kRounds; ++i) Run(steps, /*alone=*/false, input, &channel, &budget);
  Scribbler::The().Scribble(nullptr, "");
  channel.RequireHeaderUntouched();
}

}  // namespace ipmpsc::fuzz
