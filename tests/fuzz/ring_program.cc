#include "tests/fuzz/ring_program.h"

#include <atomic>
#include <thread>

#include "absl/strings/string_view.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "tests/fuzz/attacked_channel.h"
#include "tests/fuzz/receiver_end.h"
#include "tests/fuzz/sender_end.h"
#include "tests/fuzz/waiting.h"

namespace ipmpsc::fuzz {
namespace {

constexpr int kMostSteps = 100;
constexpr int kRounds = 8;

// Does the same acts again and again, beside all others, until it is destroyed.
class Scribbler {
 public:
  Scribbler(const internal::Ring& ring, absl::string_view acts)
      : thread_([this, &ring, acts] {
          do {
            Input input(acts);
            while (!input.empty()) AttackedChannel::Tamper(ring, &input);
            // Relaxed, all: nothing depends on when they see it.
            started_.store(true, std::memory_order_relaxed);
          } while (!stop_.load(std::memory_order_relaxed));
        }) {
    while (!started_.load(std::memory_order_relaxed)) std::this_thread::yield();
  }
  ~Scribbler() {
    stop_.store(true, std::memory_order_relaxed);
    thread_.join();
  }

 private:
  std::atomic<bool> started_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void Run(const Steps& steps, bool alone, Input input, AttackedChannel* channel,
         WaitBudget* budget) {
  ReceiverEnd receiver(channel, budget, alone);
  SenderEnd senders[] = {{channel, budget, alone}, {channel, budget, alone}};
  for (int i = 0; i < kMostSteps && !input.empty(); ++i) {
    const uint32_t step = input.Pick(steps.acts + steps.receiver + steps.senders);
    if (step < steps.acts) {
      AttackedChannel::Tamper(channel->channel().segment()->ring(), &input);
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
  WaitBudget budget;
  Run(steps, /*alone=*/true, input, &channel, &budget);
  channel.RequireHeaderUntouched();
}

void RunScribbled(const Steps& steps, Input input) {
  AttackedChannel& channel = TheAttackedChannel(/*timestamps=*/input.Pick(2) == 1);
  channel.Reset();
  const absl::string_view acts = input.TakeBytes(size_t{8} * (1 + input.Pick(32)));
  {
    const Scribbler scribbler(channel.channel().segment()->ring(), acts);
    // Several times, as it takes longer to begin and end a thread than to do the steps.
    WaitBudget budget;
    for (int i = 0; i < kRounds; ++i) Run(steps, /*alone=*/false, input, &channel, &budget);
  }
  channel.RequireHeaderUntouched();
}

}  // namespace ipmpsc::fuzz
