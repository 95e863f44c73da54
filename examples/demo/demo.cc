// Runs one receiver and three senders on one channel, each in its own process, and compares the
// sent messages with the received ones.
//
//   demo [--seconds=20] [--frames=0] [--text=PATH]
//
// Prints the command that kills a sender. The other senders then continue, and the table shows that
// every message committed by the killed sender was received.

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

ABSL_FLAG(double, seconds, 20, "how many seconds the senders run");
ABSL_FLAG(uint64_t, frames, 0, "the most frames to send; 0 means as many as the time allows");
ABSL_FLAG(std::string, text, "/usr/share/common-licenses/GPL-3",
          "the text file whose lines are sent");

namespace ipmpsc::examples {
namespace {

#ifdef __OPTIMIZE__
constexpr bool kOptimized = true;
#else
constexpr bool kOptimized = false;
#endif

// Starts a process and prints its PID, for a later kill.
Process StartAndPrint(const std::string& name, const std::function<absl::Status()>& work) {
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

// The committed messages of a sender, and the receiver's counts of them.
struct Account {
  uint64_t committed = 0;
  uint64_t received = 0;
  uint64_t lost = 0;
};

Account AccountOf(const DemoLedger& ledger, int sender) {
  const DemoLedger::Received& received = ledger.received[sender];
  const uint64_t noted = Get(ledger.senders[sender].committed);
  const uint64_t last = Get(received.last_sequence);
  Account account;
  // A sender killed between its commit and its note has committed one message more than it noted.
  account.committed = std::max(noted, last);
  account.received = Get(received.messages);
  // Counts the gaps in the sequence and the messages committed after the last received one.
  account.lost = Get(received.lost) + account.committed - last;
  return account;
}

// Returns "killed by signal 9 after it committed 17 messages; all 17 arrived".
std::string Ending(const Process& sender, const Account& account) {
  if (!sender.killed()) return sender.Ending();
  return absl::StrCat(sender.Ending(), " after it committed ", account.committed, " messages; ",
                      account.lost == 0 ? absl::StrCat("all ", account.committed, " arrived")
                                        : absl::StrCat(account.lost, " of them did not arrive"));
}

// Prints the table and the last line. Returns whether every committed message arrived once, whole
// and in order.
bool PrintVerdict(const DemoLedger& ledger, const std::vector<Process>& senders,
                  absl::Duration elapsed) {
  std::printf("\n%-7s %11s %11s %13s %8s %5s %5s %13s\n", "sender", "committed", "received",
              "bytes", "MB/s", "lost", "torn", "out of order");
  uint64_t lost = 0;
  uint64_t torn = Get(ledger.torn_of_unknown);
  uint64_t out_of_order = 0;
  std::string endings;
  for (int i = 0; i < kDemoSenders; ++i) {
    const DemoLedger::Received& received = ledger.received[i];
    const Account account = AccountOf(ledger, i);
    lost += account.lost;
    torn += Get(received.torn);
    out_of_order += Get(received.out_of_order);
    std::printf("%-7s %11llu %11llu %13llu %8.1f %5llu %5llu %13llu\n", senders[i].name.c_str(),
                static_cast<unsigned long long>(account.committed),
                static_cast<unsigned long long>(account.received),
                static_cast<unsigned long long>(Get(received.bytes)),
                static_cast<double>(Get(received.bytes)) / 1e6 / absl::ToDoubleSeconds(elapsed),
                static_cast<unsigned long long>(account.lost),
                static_cast<unsigned long long>(Get(received.torn)),
                static_cast<unsigned long long>(Get(received.out_of_order)));
    const std::string ending = Ending(senders[i], account);
    if (!ending.empty()) absl::StrAppend(&endings, senders[i].name, ": ", ending, "\n");
  }
  std::printf("%sverified: %llu messages, %llu lost, %llu torn, %llu out of order\n",
              endings.c_str(), static_cast<unsigned long long>(Received(ledger).messages),
              static_cast<unsigned long long>(lost), static_cast<unsigned long long>(torn),
              static_cast<unsigned long long>(out_of_order));
  return lost == 0 && torn == 0 && out_of_order == 0;
}

// Prints which senders were killed since the last call.
void PrintKilled(const std::vector<Process>& senders, std::vector<bool>* printed) {
  for (size_t i = 0; i < senders.size(); ++i) {
    if (!senders[i].killed() || (*printed)[i]) continue;
    (*printed)[i] = true;
    std::printf("%s was %s; the others go on\n", senders[i].name.c_str(),
                senders[i].Ending().c_str());
    std::fflush(stdout);
  }
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments = ParseArguments(
      argc, argv,
      "demo [flags]\n\nRuns one receiver and three senders on one channel, each in a process of "
      "its own. Two send the lines of a text file, one sends 3840x2160 YUV frames. The receiver "
      "checks every message.",
      {"seconds", "frames", "text"});
  const absl::Duration time = absl::Seconds(absl::GetFlag(FLAGS_seconds));
  const std::string text = absl::GetFlag(FLAGS_text);
  if (!arguments.empty())
    Fail(kBadInput,
         absl::StrCat("unexpected argument '", arguments[0], "'; --help lists the flags"));
  if (!(time > absl::ZeroDuration() && time <= absl::Hours(24))) {
    Fail(kBadInput, "--seconds must be more than 0 and at most 86400");
  }
  if (access(text.c_str(), R_OK) != 0) {
    Fail(kBadInput, absl::StrCat("cannot read ", text, ": ", std::strerror(errno),
                                 "; name a readable text file with --text"));
  }

  const absl::StatusOr<DemoLedger*> ledger = DemoLedger::Create();
  if (!ledger.ok()) Fail(kFault, ledger.status().message());
  absl::StatusOr<Channel> channel = DemoMessageChannel::CreateTemp();
  if (!channel.ok()) Fail(kFault, channel.status().message());
  if (!kOptimized) {
    std::printf("This build is not optimised; for speed: ./bazelw run -c opt //examples:demo\n\n");
  }
  std::printf("channel    %s, %llu bytes\n", channel->path().c_str(),
              static_cast<unsigned long long>(channel->capacity()));

  const std::string path = channel->path();
  // The children inherit the handler. The receiver ignores the request and continues until the
  // channel is closed.
  StopOnSignals();
  std::vector<Process> receivers = {
      StartAndPrint("receiver", [&] { return ReceiveAndCheck(path, *ledger); })};
  std::vector<Process> senders;
  for (uint32_t i = 0; i < kDemoSenders; ++i) {
    const DemoSending sending = {path, i, time};
    if (i < 2) {
      senders.push_back(StartAndPrint(absl::StrCat("text ", i + 1),
                                      [&] { return SendText(sending, text, *ledger); }));
    } else {
      senders.push_back(StartAndPrint(
          "frames", [&] { return SendFrames(sending, absl::GetFlag(FLAGS_frames), *ledger); }));
    }
  }

  std::printf(
      "\nThe senders run for %g s. To kill one of them, paste this into another terminal:\n"
      "  kill -9 %d\n\n",
      absl::ToDoubleSeconds(time), static_cast<int>(senders[0].pid));
  std::fflush(stdout);

  // The steady clock, since the system's clock may be set while the demo runs.
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  absl::Duration next_progress = absl::Seconds(1);
  std::vector<bool> printed_killed(senders.size());
  while (AnyRunning(&senders) && AnyRunning(&receivers)) {
    absl::SleepFor(absl::Milliseconds(10));
    PrintKilled(senders, &printed_killed);
    if (StopRequested()) {
      for (const Process& sender : senders) Signal(sender, SIGTERM);
    }
    if (elapsed() >= next_progress) {
      PrintProgress(**ledger, elapsed());
      next_progress += absl::Seconds(1);
    }
  }
  // A closed channel ends the receiver once it has received every message.
  if (AnyRunning(&receivers)) channel->Close();
  while (AnyRunning(&receivers)) absl::SleepFor(absl::Milliseconds(1));
  if (!receivers[0].ended_well()) {
    for (const Process& sender : senders) Signal(sender, SIGKILL);
    Complain(absl::StrCat("the receiver was ", receivers[0].Ending()));
    return kFault;  // `Fail` would leave the channel behind, as it runs no destructors.
  }

  const bool verified = PrintVerdict(**ledger, senders, elapsed());
  for (const Process& sender : senders) {
    // A killed sender is part of the demonstration. A failed sender is an error.
    if (WIFEXITED(sender.status) && !sender.ended_well()) return WEXITSTATUS(sender.status);
  }
  return verified ? 0 : kFault;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
