// ipmpsc bench: measures channels on this machine, and says what that means for its user.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/bench/throughput.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"

namespace ipmpsc::cli {
namespace {

struct BenchOptions {
  absl::Duration time = absl::Seconds(10);
  uint64_t message_bytes = 64;
  uint64_t capacity = uint64_t{1} << 20;
  int senders = 8;
  bool json = false;
};

absl::string_view WayName(Way way) {
  switch (way) {
    case Way::kSingle:
      return "single";
    case Way::kBatches:
      return "batches";
    case Way::kChannels:
      return "channels";
  }
  return "";
}

std::vector<Load> Loads(const BenchOptions& options) {
  std::vector<Load> loads;
  for (int senders = 1;; senders = std::min(2 * senders, options.senders)) {
    for (const Way way : {Way::kSingle, Way::kBatches, Way::kChannels}) {
      if (way == Way::kChannels && senders == 1) continue;
      // A batch fills at most a quarter of the ring.
      if (way == Way::kBatches &&
          options.message_bytes + 64 > options.capacity / kBatchMessages / 4) {
        continue;
      }
      Load load;
      load.way = way;
      load.senders = senders;
      load.message_bytes = options.message_bytes;
      load.capacity = options.capacity;
      loads.push_back(load);
    }
    if (senders >= options.senders) break;
  }
  // The time of each row includes that to warm up.
  for (Load& load : loads) load.time = options.time / (1.25 * static_cast<double>(loads.size()));
  return loads;
}

ExitStatus Bench(const BenchOptions& options) {
  if (options.message_bytes > options.capacity / 4) {
    return Fail(kUsage, "a message must not be larger than a quarter of --capacity");
  }
  if (options.time <= absl::ZeroDuration() || options.time > absl::Hours(1)) {
    return Fail(kUsage, "--time must be positive, and at most an hour");
  }
  StopOnSignals();
  std::vector<Throughput> measured;
  for (const Load& load : Loads(options)) {
    const absl::StatusOr<Throughput> row = Measure(load, StopRequested);
    if (!row.ok()) return Fail(row.status());
    measured.push_back(*row);
    if (options.json) {
      PrintJson(
          {{"senders", load.senders},
           {"way", WayName(load.way)},
           {"message_bytes", load.message_bytes},
           {"messages_per_second", row->messages},
           {"payload_bytes_per_second", row->messages * static_cast<double>(load.message_bytes)}});
    }
  }
  if (options.json) return kSuccess;
  Print(absl::StrCat("Messages of ", options.message_bytes, " bytes a second, ",
                     sysconf(_SC_NPROCESSORS_ONLN), " processors, one receiver.\n\n"));
  Table table({{"senders", true},
               {"one channel", true},
               {absl::StrCat("batches of ", kBatchMessages), true},
               {"a channel each", true}});
  for (size_t i = 0; i < measured.size();) {
    const int senders = measured[i].load.senders;
    std::vector<std::string> cells(4);
    cells[0] = absl::StrCat(senders);
    for (; i < measured.size() && measured[i].load.senders == senders; ++i) {
      cells[1 + static_cast<size_t>(measured[i].load.way)] =
          CountText(static_cast<uint64_t>(measured[i].messages));
    }
    table.Add(std::move(cells));
  }
  Print(absl::StrCat(table.Text(), "\n"));
  for (const std::string& advice : Advise(measured)) Print(absl::StrCat(advice, "\n"));
#ifndef __OPTIMIZE__
  Print("This program is not optimised; build it with -c opt for figures that count.\n");
#endif
  return kSuccess;
}

}  // namespace

void AddBench(Program& program) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* const verb =
      program.AddVerb("bench", "Measures channels on this machine, in about ten seconds.",
                      "  ipmpsc bench\n"
                      "  ipmpsc bench --bytes 4KiB --capacity 16MiB --senders 4\n"
                      "Uses channels of its own. Other work on the machine changes the figures.\n",
                      [options] { return Bench(*options); });
  AddDurationOption(verb, "--time", &options->time, "for the whole measurement (10s)");
  AddBytesOption(verb, "--bytes", &options->message_bytes, "payload of a message (64)");
  AddBytesOption(verb, "--capacity", &options->capacity, "of each channel (1MiB)");
  verb->add_option("--senders", options->senders, "the most senders (8)")
      ->check(CLI::Range(1, 256).description(""))
      ->type_name("N");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
