// One receiver and three senders, each a process of its own, on one channel: what went in is held
// against what came out.
//
//   demo [--seconds=5] [--frames=0] [--text=PATH]
//
// Kill any of the senders while it runs: the others go on, and the count of the killed one is right
// up to its last message.

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/command_line.h"
#include "examples/demo/demo.ipmpsc.h"
#include "examples/demo/ledger.h"
#include "examples/demo/receiver.h"
#include "examples/demo/sender.h"
#include "examples/processes.h"
#include "examples/stop.h"
#include "ipmpsc/channel.h"

ABSL_FLAG(double, seconds, 5, "for how long the senders send");
ABSL_FLAG(uint64_t, frames, 0, "how many frames are sent at most; 0: as many as the time allows");
ABSL_FLAG(std::string, text, "/usr/share/common-licenses/GPL-3", "the text whose lines are sent");

namespace ipmpsc::examples {
namespace {

// Tells its number: it is there to be killed.
Process StartAndTell(const std::string& name, const std::function<absl::Status()>& work) {
  Process process = Start(name, work);
  std::printf("%-10s process %d\n", name.c_str(), static_cast<int>(process.pid));
  return process;
}

uint64_t Get(const std::atomic<uint64_t>& count) { return count.load(std::memory_order_relaxed); }

struct Totals {
  uint64_t messages = 0;
  uint64_t bytes = 0;
};

Totals Received(const DemoLedger& ledger) {
  Totals totals;
  for (const DemoLedger::Received& received : ledger.received) {
    totals.messages += Get(received.messages);
    totals.bytes += Get(received.bytes);
  }
  return totals;
}

void PrintProgress(const DemoLedger& ledger, absl::Duration elapsed) {
  const Totals totals = Received(ledger);
  std::printf("%5.1f s %12llu messages %10.1f MB\n", absl::ToDoubleSeconds(elapsed),
              static_cast<unsigned long long>(totals.messages),
              static_cast<double>(totals.bytes) / 1e6);
  std::fflush(stdout);
}

// Prints the table and the last line. Returns whether all is well.
bool PrintVerdict(const DemoLedger& ledger, const std::vector<Process>& senders,
                  absl::Duration elapsed) {
  std::printf("\n%-10s %12s %15s %9s %6s %6s %13s\n", "sender", "messages", "bytes", "MB/s", "lost",
              "torn", "out of order");
  uint64_t lost = 0;
  uint64_t torn = Get(ledger.torn_of_unknown);
  uint64_t out_of_order = 0;
  for (int i = 0; i < kDemoSenders; ++i) {
    const DemoLedger::Received& received = ledger.received[i];
    // What was left out in between, and what was committed behind the last that came.
    const uint64_t committed = Get(ledger.senders[i].committed);
    const uint64_t last = Get(received.last_sequence);
    const uint64_t lost_here = Get(received.lost) + (committed > last ? committed - last : 0);
    lost += lost_here;
    torn += Get(received.torn);
    out_of_order += Get(received.out_of_order);
    std::printf("%-10s %12llu %15llu %9.1f %6llu %6llu %13llu  %s\n", senders[i].name.c_str(),
                static_cast<unsigned long long>(Get(received.messages)),
                static_cast<unsigned long long>(Get(received.bytes)),
                static_cast<double>(Get(received.bytes)) / 1e6 / absl::ToDoubleSeconds(elapsed),
                static_cast<unsigned long long>(lost_here),
                static_cast<unsigned long long>(Get(received.torn)),
                static_cast<unsigned long long>(Get(received.out_of_order)),
                senders[i].Ending().c_str());
  }
  std::printf("verified: %llu messages, %llu lost, %llu torn, %llu out of order\n",
              static_cast<unsigned long long>(Received(ledger).messages),
              static_cast<unsigned long long>(lost), static_cast<unsigned long long>(torn),
              static_cast<unsigned long long>(out_of_order));
  return lost == 0 && torn == 0 && out_of_order == 0;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments = ParseArguments(
      argc, argv,
      "demo [flags]\n\nRuns one receiver and three senders on one channel, each in a process of "
      "its own: two send the "
      "lines of a text, one sends 3840x2160 YUV frames. The receiver checks every message.",
      {"seconds", "frames", "text"});
  const absl::Duration time = absl::Seconds(absl::GetFlag(FLAGS_seconds));
  const std::string text = absl::GetFlag(FLAGS_text);
  if (!arguments.empty())
    Fail(kBadInput, absl::StrCat("no argument is wanted; what is '", arguments[0], "'?"));
  if (!(time > absl::ZeroDuration() && time <= absl::Hours(24))) {
    Fail(kBadInput, "--seconds must be more than 0 and at most 86400");
  }
  if (access(text.c_str(), R_OK) != 0) {
    Fail(kBadInput,
         absl::StrCat(text, ": ", std::strerror(errno), "; name a readable text with --text"));
  }

  const absl::StatusOr<DemoLedger*> ledger = DemoLedger::Create();
  if (!ledger.ok()) Fail(kFault, ledger.status().message());
  absl::StatusOr<Channel> channel = DemoMessageChannel::CreateTemp();
  if (!channel.ok()) Fail(kFault, channel.status().message());
  std::printf("channel    %s, %llu bytes\n", channel->path().c_str(),
              static_cast<unsigned long long>(channel->capacity()));

  const std::string path = channel->path();
  StopOnSignals();  // which the children inherit; the receiver goes on until the channel is closed
  std::vector<Process> receivers = {
      StartAndTell("receiver", [&] { return ReceiveAndCheck(path, *ledger); })};
  std::vector<Process> senders;
  for (uint32_t i = 0; i < kDemoSenders; ++i) {
    const DemoSending sending = {path, i, time};
    if (i < 2) {
      senders.push_back(StartAndTell(absl::StrCat("text ", i + 1),
                                     [&] { return SendText(sending, text, *ledger); }));
    } else {
      senders.push_back(StartAndTell(
          "frames", [&] { return SendFrames(sending, absl::GetFlag(FLAGS_frames), *ledger); }));
    }
  }

  // Not the clock on the wall, which somebody may set.
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  absl::Duration next_progress = absl::Seconds(1);
  while (AnyRunning(&senders) && AnyRunning(&receivers)) {
    absl::SleepFor(absl::Milliseconds(10));
    if (StopRequested()) {
      for (const Process& sender : senders) Signal(sender, SIGTERM);
    }
    if (elapsed() >= next_progress) {
      PrintProgress(**ledger, elapsed());
      next_progress += absl::Seconds(1);
    }
  }
  // The receiver ends when it has received what is there.
  if (AnyRunning(&receivers)) channel->Close();
  while (AnyRunning(&receivers)) absl::SleepFor(absl::Milliseconds(1));
  if (!receivers[0].ended_well()) {
    for (const Process& sender : senders) Signal(sender, SIGKILL);
    Complain(absl::StrCat("the receiver was ", receivers[0].Ending()));
    return kFault;  // and not Fail, which would leave the channel behind
  }

  const bool verified = PrintVerdict(**ledger, senders, elapsed());
  for (const Process& sender : senders) {
    // Being killed is part of the demonstration; failing is not.
    if (WIFEXITED(sender.status) && !sender.ended_well()) return WEXITSTATUS(sender.status);
  }
  return verified ? 0 : kFault;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
