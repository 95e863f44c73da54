// Runs senders that attach, detach, stop, die, or abort in the middle of a loan. Runs receivers
// that stop, die and are replaced by waiting ones. Other channels are closed and replaced while
// senders send. All messages are checked end to end.
//
//   ./bazelw run -c opt //tests/process:soak -- --minutes=10
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/command_line.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/process/soak_ledger.h"
#include "tests/process/soak_roles.h"
#include "tests/testing/process/child_process.h"

ABSL_FLAG(double, minutes, 1, "how long it runs");
ABSL_FLAG(int, senders, 6, "how many senders there are at one time, 1 to 32");
ABSL_FLAG(uint64_t, capacity, 65536, "capacity of the channel in bytes, at most 131072");
ABSL_FLAG(uint64_t, seed, 0, "of the director's choices; 0: another one each time");

namespace ipmpsc::testing {
namespace {

// Slots beyond the number of senders. A slot that waits for the receiver then blocks no sender.
// They are few, so that slots are often reused.
constexpr uint32_t kSpareSlots = 4;

class Director {
 public:
  Director(Channel channel, int senders, uint64_t seed)
      : channel_(std::move(channel)),
        ledger_(SoakLedger::Create()),
        random_(seed),
        senders_(static_cast<size_t>(senders)),
        receivers_(2),
        enders_(1) {}

  // Returns the exit status.
  int Run(absl::Duration duration) {
    const Deadline end = duration;
    Deadline next_line = absl::Seconds(10);
    while (!end.Passed() && !ledger_->has_faults() && streams_ < SoakLedger::kStreams) {
      Reap();
      Fill();
      Disturb();
      absl::SleepFor(absl::Microseconds(static_cast<int64_t>(random_() % 3000)));
      if (next_line.Passed()) {
        next_line = absl::Seconds(10);
        printf("%12lu messages, %8lu deaths\n", ledger_->messages(), deaths_);
        fflush(stdout);
      }
    }
    Finish();
    return Conclude();
  }

 private:
  struct Child {
    bool lives() const { return process.pid() > 0; }

    ChildProcess process;
    bool stopped = false;
  };

  static Child Start(absl::FunctionRef<void()> work) {
    Child child;
    child.process = ChildProcess::Fork([&] {
      work();
      return 0;
    });
    if (!child.lives()) exit(1);
    return child;
  }

  void Fill() {
    for (Child& child : senders_) {
      if (child.lives() || streams_ == SoakLedger::kStreams) continue;
      const uint64_t stream = streams_++;
      child = Start([&] { RunSoakSender(channel_, ledger_, stream); });
    }
    for (Child& child : receivers_) {
      if (child.lives()) continue;
      const uint64_t seed = random_();
      child = Start([&] { RunSoakReceiver(channel_, ledger_, seed); });
    }
    for (Child& child : enders_) {
      if (child.lives()) continue;
      const uint64_t seed = random_();
      child = Start([&] { RunSoakEnds(ledger_, seed); });
    }
  }

  void Reap() {
    for (std::vector<Child>* children : {&senders_, &receivers_, &enders_}) {
      for (Child& child : *children) {
        if (!child.lives()) continue;
        const std::string end = child.process.Wait(absl::ZeroDuration());
        if (end == "still lives") continue;
        child.stopped = false;
        if (end == "exited 0") continue;
        ++deaths_;
        if (end != absl::StrCat("killed by ", SIGKILL) &&
            end != absl::StrCat("killed by ", SIGABRT)) {
          ledger_->Report(SoakFault::kOther, absl::StrCat("a process ", end));
        }
      }
    }
  }

  void Disturb() {
    switch (random_() % 16) {
      case 0:
        Signal(Any(&receivers_), SIGKILL);
        break;
      case 1:
        Toggle(Any(&receivers_));
        break;
      case 2:
      case 3:
      case 4:
        Toggle(Any(&senders_));
        break;
      case 5:
      case 6:
        break;
      default:
        Signal(Any(&senders_), SIGKILL);
    }
    // No child stays stopped for long, since the others would make no progress.
    for (std::vector<Child>* children : {&senders_, &receivers_}) {
      for (Child& child : *children) {
        if (child.stopped && random_() % 8 == 0) Toggle(&child);
      }
    }
  }

  Child* Any(std::vector<Child>* children) { return &(*children)[random_() % children->size()]; }

  static void Signal(Child* child, int signal) {
    if (child->lives()) child->process.Signal(signal);
  }

  static void Toggle(Child* child) {
    Signal(child, child->stopped ? SIGCONT : SIGSTOP);
    child->stopped = !child->stopped;
  }

  // Lets the senders end and the receivers drain the channel.
  void Finish() {
    ledger_->stop.store(true);
    for (std::vector<Child>* children : {&senders_, &receivers_}) {
      for (Child& child : *children) Signal(&child, SIGCONT);
    }
    // A sender waits no longer than its patience, and neither does a receiver.
    const Deadline deadline = 3 * kSoakPatience;
    const auto lives = [](const Child& child) { return child.lives(); };
    while (std::any_of(senders_.begin(), senders_.end(), lives) ||
           std::any_of(receivers_.begin(), receivers_.end(), lives) ||
           std::any_of(enders_.begin(), enders_.end(), lives)) {
      if (deadline.Passed()) {
        ledger_->Report(SoakFault::kHung, "a process does not end");
        break;
      }
      Reap();
      absl::SleepFor(absl::Milliseconds(1));
    }
    for (std::vector<Child>* children : {&senders_, &receivers_, &enders_}) {
      for (Child& child : *children) child.process.Kill();
    }
  }

  // Checks that all slots can be taken and all space can be used.
  void CheckLeaks() {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel_);
    if (!receiver.ok()) {
      return ledger_->Report(SoakFault::kOther, receiver.status().ToString());
    }
    if (absl::StatusOr<Lease> lease = receiver->TryReceive(); lease.ok()) {
      ledger_->Report(SoakFault::kOther, "the receivers left a message");
    }
    std::vector<Sender> senders;
    for (uint32_t slot = 0; slot < channel_.max_senders(); ++slot) {
      absl::StatusOr<Sender> sender = Sender::Attach(channel_);
      if (!sender.ok()) {
        return ledger_->Report(SoakFault::kOther,
                               absl::StrCat("leaked slots: ", sender.status().ToString()));
      }
      senders.push_back(*std::move(sender));
    }
    const absl::Status sent = senders[0].TrySend(std::string(channel_.max_payload(), 'x'));
    if (!sent.ok()) {
      ledger_->Report(SoakFault::kOther, absl::StrCat("leaked space: ", sent.ToString()));
    }
  }

  int Conclude() {
    // Messages left unreceived by an earlier fault are no new finding.
    if (!ledger_->has_faults()) {
      ledger_->CheckStreams(streams_);
      CheckLeaks();
    }
    if (ledger_->has_faults()) {
      printf("first fault: %s\n", ledger_->first_fault().c_str());
    }
    if (ledger_->faults(SoakFault::kOther) != 0) {
      printf("other faults: %lu\n", ledger_->faults(SoakFault::kOther));
    }
    printf("soak: %lu messages, %lu deaths, %lu ends, %lu lost, %lu torn, %lu hung\n",
           ledger_->messages(), deaths_, ledger_->ends.load(), ledger_->faults(SoakFault::kLost),
           ledger_->faults(SoakFault::kTorn), ledger_->faults(SoakFault::kHung));
    return ledger_->has_faults() ? 1 : 0;
  }

  Channel channel_;
  SoakLedger* const ledger_;
  std::mt19937_64 random_;
  std::vector<Child> senders_;
  std::vector<Child> receivers_;
  std::vector<Child> enders_;
  uint64_t streams_ = 0;
  uint64_t deaths_ = 0;
};

int Main() {
  const int senders = absl::GetFlag(FLAGS_senders);
  if (senders < 1 || senders > 32) examples::Fail(examples::kBadInput, "--senders must be 1 to 32");
  if (absl::GetFlag(FLAGS_minutes) <= 0)
    examples::Fail(examples::kBadInput, "--minutes must be more than 0");
  if (absl::GetFlag(FLAGS_capacity) > 131072)
    examples::Fail(examples::kBadInput, "--capacity is at most 131072");
  const uint64_t seed =
      absl::GetFlag(FLAGS_seed) != 0 ? absl::GetFlag(FLAGS_seed) : std::random_device()();
  // Aborting children write no core files.
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);

  ChannelOptions options;
  options.capacity = absl::GetFlag(FLAGS_capacity);
  options.timestamps = true;
  options.max_senders = static_cast<uint32_t>(senders) + kSpareSlots;
  absl::StatusOr<Channel> channel = Channel::CreateTemp(options);
  if (!channel.ok()) examples::Fail(examples::kBadInput, channel.status().ToString());
  printf("--seed=%lu, %d senders, capacity %lu\n", seed, senders, channel->capacity());
  fflush(stdout);
  return Director(*std::move(channel), senders, seed)
      .Run(absl::Minutes(absl::GetFlag(FLAGS_minutes)));
}

}  // namespace
}  // namespace ipmpsc::testing

int main(int argc, char** argv) {
  const std::vector<std::string> rest = ipmpsc::examples::ParseArguments(
      argc, argv, "soak [flags]: checks a channel while senders and receivers come, go and die.",
      {"minutes", "senders", "capacity", "seed"});
  if (!rest.empty()) {
    ipmpsc::examples::Fail(ipmpsc::examples::kBadInput,
                           absl::StrCat("no such argument: ", rest[0]));
  }
  return ipmpsc::testing::Main();
}
