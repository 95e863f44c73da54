// ipmpsc delay: how long messages take from their commit to their release.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/output.h"
#include "cli/rates.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/tap.h"

namespace ipmpsc::cli {
namespace {

// Follows the messages with a tap, and the release position with snapshots. A message was released
// between two looks, so its delay is rounded up by the time between them.
class DelayMeter {
 public:
  explicit DelayMeter(const Channel& channel)
      : channel_(channel), tap_(Tap::Over(channel, {TapStart::kOldestUnreleased})) {}

  void Look() {
    const absl::Time asked = absl::Now();
    const uint64_t released = channel_.Stats().release_position;
    const absl::Time seen = absl::Now();
    resolution_ = std::max(resolution_, seen - last_look_);
    last_look_ = asked;
    TakeReleased(released, seen);
    // Messages of the first look may have been released long ago.
    for (int i = 0; i < kMostMessagesALook && tap_.TryNext(&message_).ok(); ++i) {
      if (message_.position >= released)
        waiting_.push_back({message_.position, message_.sent_at()});
    }
  }

  // Returns the delays since the last call, sorted.
  std::vector<absl::Duration> TakeDelays() {
    std::sort(delays_.begin(), delays_.end());
    return std::exchange(delays_, {});
  }
  // The age of the oldest message that is not released.
  absl::Duration OldestAge() const {
    return waiting_.empty() ? absl::ZeroDuration() : absl::Now() - waiting_.front().second;
  }
  // The longest time between two looks since the last call.
  absl::Duration TakeResolution() { return std::exchange(resolution_, absl::ZeroDuration()); }
  uint64_t lost_bytes() const { return tap_.loss().bytes; }

 private:
  static constexpr int kMostMessagesALook = 10000;

  void TakeReleased(uint64_t released, absl::Time seen) {
    while (!waiting_.empty() && waiting_.front().first < released) {
      delays_.push_back(seen - waiting_.front().second);
      waiting_.pop_front();
    }
  }

  const Channel& channel_;
  Tap tap_;
  TapMessage message_;
  std::deque<std::pair<uint64_t, absl::Time>> waiting_;
  std::vector<absl::Duration> delays_;
  absl::Time last_look_ = absl::Now();
  absl::Duration resolution_ = absl::ZeroDuration();
};

// The value below which a part of the sorted delays lies.
absl::Duration Quantile(const std::vector<absl::Duration>& sorted, double part) {
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
}

ExitStatus WatchDelay(const WatchOptions& options) {
  const absl::StatusOr<Channel> channel = OpenToLook(options.channel);
  if (!channel.ok()) return Fail(channel.status());
  if (!channel->Stats().timestamps) {
    return Fail(kFailed, absl::StrCat(Printable(channel->path()),
                                      ": the messages carry no times; create the channel with "
                                      "ChannelOptions::timestamps"));
  }
  DelayMeter meter(*channel);
  if (!options.json) {
    Print(absl::StrFormat("%10s %10s %10s %10s %10s  %s\n", "messages", "min", "p50", "p99", "max",
                          "oldest waiting"));
  }
  const auto show = [&](const Rates&, const Rates&, const ChannelStats&) {
    const std::vector<absl::Duration> delays = meter.TakeDelays();
    const absl::Duration oldest = meter.OldestAge();
    const absl::Duration resolution = meter.TakeResolution();
    const auto quantile = [&](double part) -> std::optional<absl::Duration> {
      if (delays.empty()) return std::nullopt;
      return Quantile(delays, part);
    };
    if (options.json) {
      const auto json = [&](double part) {
        const std::optional<absl::Duration> delay = quantile(part);
        return delay.has_value() ? Json(absl::ToDoubleSeconds(*delay)) : Json();
      };
      PrintJson({{"messages", delays.size()},
                 {"min_seconds", json(0)},
                 {"p50_seconds", json(0.5)},
                 {"p99_seconds", json(0.99)},
                 {"max_seconds", json(1)},
                 {"oldest_waiting_seconds", absl::ToDoubleSeconds(oldest)},
                 {"resolution_seconds", absl::ToDoubleSeconds(resolution)},
                 {"lost_bytes", meter.lost_bytes()}});
      return;
    }
    const auto text = [&](double part) {
      const std::optional<absl::Duration> delay = quantile(part);
      return delay.has_value() ? DurationText(*delay) : "-";
    };
    Print(absl::StrFormat("%10s %10s %10s %10s %10s  %s\n", CountText(delays.size()), text(0),
                          text(0.5), text(0.99), text(1), DurationText(oldest)));
  };
  return WatchRates(*channel, options, show, [&] { meter.Look(); });
}

}  // namespace

void AddDelay(Program& program) {
  const auto options = std::make_shared<WatchOptions>();
  CLI::App* const verb =
      program.AddVerb("delay",
                      "Shows how long messages take from their commit to their release by the "
                      "receiver, in channels "
                      "with timestamps. Looks every 2 ms, and rounds up by as much.",
                      "  ipmpsc delay quotes\n"
                      "  ipmpsc delay quotes --json | jq .p99_seconds\n",
                      [options] { return WatchDelay(*options); });
  AddWatchOptions(verb, options.get());
}

}  // namespace ipmpsc::cli
