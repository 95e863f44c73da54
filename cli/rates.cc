#include "cli/rates.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/channel_stats_json.h"
#include "cli/output.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::cli {
namespace {

int64_t MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

}  // namespace

Counters CountersOf(const ChannelStats& stats) {
  Counters counters;
  counters.monotonic_nanoseconds = MonotonicNow();
  for (const SenderStats& sender : stats.senders) {
    counters.sent_messages += sender.sent_messages;
    counters.sent_bytes += sender.sent_bytes;
  }
  if (stats.receiver.has_value()) {
    counters.received_messages = stats.receiver->received_messages;
    counters.received_bytes = stats.receiver->received_bytes;
  }
  counters.ring_bytes = stats.claim_position;
  counters.fill = stats.fill;
  return counters;
}

Rates RatesBetween(const Counters& before, const Counters& after) {
  // A damaged channel's counters may go back.
  const auto grown = [](uint64_t from, uint64_t to) { return to > from ? to - from : 0; };
  Rates rates;
  rates.seconds =
      static_cast<double>(after.monotonic_nanoseconds - before.monotonic_nanoseconds) * 1e-9;
  rates.sent_messages = grown(before.sent_messages, after.sent_messages);
  rates.sent_bytes = grown(before.sent_bytes, after.sent_bytes);
  rates.received_messages = grown(before.received_messages, after.received_messages);
  rates.received_bytes = grown(before.received_bytes, after.received_bytes);
  rates.ring_bytes = grown(before.ring_bytes, after.ring_bytes);
  return rates;
}

void AddWatchOptions(CLI::App* verb, WatchOptions* options) {
  AddChannelArgument(verb, &options->channel);
  AddJsonFlag(verb, &options->json);
  AddDurationOption(verb, "--interval", &options->interval,
                    "a line each (default: 1s), or each --timeout if that is shorter");
  verb->add_option("--count", options->count, "end after so many lines")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  AddDurationOption(verb, "--timeout", &options->timeout,
                    "end with status 5 if no message is sent for so long");
}

ExitStatus WatchRates(
    const Channel& channel, const WatchOptions& options,
    const std::function<void(const Rates&, const Rates& total, const ChannelStats&)>& show,
    const std::function<void()>& between) {
  StopOnSignals();
  // --timeout is looked at with each line.
  const absl::Duration interval =
      std::max(std::min(options.interval, options.timeout), kShortestInterval);
  const Counters first = CountersOf(channel.Stats());
  Counters before = first;
  int64_t last_sent_at = first.monotonic_nanoseconds;
  for (uint64_t lines = 0; lines < options.count && !StopRequested();) {
    const Deadline deadline = interval;
    while (!deadline.Passed() && !StopRequested()) {
      if (between) between();
      absl::SleepFor(std::min(between ? absl::Milliseconds(2) : kLookForStop, interval / 8));
    }
    const ChannelStats stats = channel.Stats();
    if (stats.damaged) {
      return Fail(kDamaged, absl::StrCat(stats.path, ": the positions contradict each other"));
    }
    const Counters after = CountersOf(stats);
    const Rates rates = RatesBetween(before, after);
    show(rates, RatesBetween(first, after), stats);
    std::fflush(stdout);
    ++lines;
    before = after;
    if (rates.sent_messages > 0) last_sent_at = after.monotonic_nanoseconds;
    if (std::ferror(stdout) != 0) return kFailed;
    if (stats.replaced || stats.closed) {
      Complain(absl::StrCat("the channel was ", ChannelStateName(stats)));
      return kSuccess;
    }
    if (absl::Nanoseconds(after.monotonic_nanoseconds - last_sent_at) >= options.timeout) {
      return Fail(kTimeout,
                  absl::StrCat("no message was sent for ", DurationText(options.timeout)));
    }
  }
  return kSuccess;
}

std::string RateText(double per_second) {
  if (per_second >= 99.95) return CountText(static_cast<uint64_t>(std::llround(per_second)));
  return absl::StrFormat("%.1f", per_second);
}

}  // namespace ipmpsc::cli
