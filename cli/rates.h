// Rates of a channel, from two snapshots of its counters: exact, however fast the messages are.
#ifndef IPMPSC_CLI_RATES_H_
#define IPMPSC_CLI_RATES_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/verb.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {

// The sums of a snapshot's counters.
struct Counters {
  int64_t monotonic_nanoseconds = 0;
  uint64_t sent_messages = 0;
  uint64_t sent_bytes = 0;
  uint64_t received_messages = 0;
  uint64_t received_bytes = 0;
  uint64_t ring_bytes = 0;  // claimed: with headers and padding
  uint64_t fill = 0;
};

Counters CountersOf(const ChannelStats& stats);

// The changes between two snapshots.
struct Rates {
  double seconds = 0;
  uint64_t sent_messages = 0;
  uint64_t received_messages = 0;
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
  uint64_t ring_bytes = 0;

  double PerSecond(uint64_t count) const {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
  }
};

Rates RatesBetween(const Counters& before, const Counters& after);

// The options of `hz`, `bw` and `delay`.
struct WatchOptions {
  std::string channel;
  bool json = false;
  absl::Duration interval = absl::Seconds(1);
  uint64_t count = std::numeric_limits<uint64_t>::max();
  absl::Duration timeout = absl::InfiniteDuration();
};

// Adds CHANNEL, --json, --interval, --count and --timeout.
void AddWatchOptions(CLI::App* verb, WatchOptions* options);

// Calls `show(rates, total, stats)` after every interval, until --count, a signal, the end of the
// channel, or --timeout without a message. `total` is since the start. `between` is called about
// every 2 milliseconds in between, if it is set.
ExitStatus WatchRates(
    const Channel& channel, const WatchOptions& options,
    const std::function<void(const Rates&, const Rates& total, const ChannelStats&)>& show,
    const std::function<void()>& between = nullptr);

// "1,234", "12.5", "0.2": a rate.
std::string RateText(double per_second);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_RATES_H_
