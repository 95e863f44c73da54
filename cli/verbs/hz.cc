// ipmpsc hz: how many messages a second, by the channel's own counters.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/output.h"
#include "cli/rates.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {
namespace {

ExitStatus WatchHz(const WatchOptions& options) {
  const absl::StatusOr<Channel> channel = OpenToLook(options.channel);
  if (!channel.ok()) return Fail(channel.status());
  if (!options.json) {
    Print(absl::StrFormat("%14s %14s %14s  %s\n", "sent/s", "received/s", "mean sent/s", "fill"));
  }
  return WatchRates(
      *channel, options, [&](const Rates& rates, const Rates& total, const ChannelStats& stats) {
        const double sent = rates.PerSecond(rates.sent_messages);
        const double received = rates.PerSecond(rates.received_messages);
        const double mean = total.PerSecond(total.sent_messages);
        if (options.json) {
          PrintJson({{"seconds", rates.seconds},
                     {"sent_messages", rates.sent_messages},
                     {"sent_per_second", sent},
                     {"received_messages", rates.received_messages},
                     {"received_per_second", received},
                     {"mean_sent_per_second", mean},
                     {"fill_bytes", stats.fill}});
          return;
        }
        const uint64_t percent = stats.capacity == 0 ? 0 : stats.fill * 100 / stats.capacity;
        Print(absl::StrFormat("%14s %14s %14s  %d %%\n", RateText(sent), RateText(received),
                              RateText(mean), percent));
      });
}

}  // namespace

void AddHz(Program& program) {
  const auto options = std::make_shared<WatchOptions>();
  CLI::App* const verb = program.AddVerb(
      "hz", "Shows how many messages are sent and received a second, by the channel's counters.",
      "  ipmpsc hz quotes\n"
      "  ipmpsc hz quotes --interval 10s --count 1 --json | jq .sent_per_second\n",
      [options] { return WatchHz(*options); });
  AddWatchOptions(verb, options.get());
}

}  // namespace ipmpsc::cli
