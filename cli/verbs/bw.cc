// ipmpsc bw: how many bytes a second, by the channel's own counters.
#include <memory>
#include <string>

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

std::string PerSecondText(double bytes) { return absl::StrCat(BytesText(bytes), "/s"); }

ExitStatus WatchBandwidth(const WatchOptions& options) {
  const absl::StatusOr<Channel> channel = OpenToLook(options.channel);
  if (!channel.ok()) return Fail(channel.status());
  if (!options.json) {
    Print(absl::StrFormat("%14s %14s %14s %14s\n", "sent", "received", "of the ring",
                          "mean message"));
  }
  return WatchRates(
      *channel, options,
      [&](const Rates& rates, const Rates& /*total*/, const ChannelStats& /*stats*/) {
        const double mean = rates.sent_messages == 0 ? 0
                                                     : static_cast<double>(rates.sent_bytes) /
                                                           static_cast<double>(rates.sent_messages);
        if (options.json) {
          PrintJson({{"seconds", rates.seconds},
                     {"sent_bytes", rates.sent_bytes},
                     {"sent_bytes_per_second", rates.PerSecond(rates.sent_bytes)},
                     {"received_bytes", rates.received_bytes},
                     {"received_bytes_per_second", rates.PerSecond(rates.received_bytes)},
                     {"ring_bytes_per_second", rates.PerSecond(rates.ring_bytes)},
                     {"mean_message_bytes", mean}});
          return;
        }
        Print(absl::StrFormat("%14s %14s %14s %14s\n",
                              PerSecondText(rates.PerSecond(rates.sent_bytes)),
                              PerSecondText(rates.PerSecond(rates.received_bytes)),
                              PerSecondText(rates.PerSecond(rates.ring_bytes)), BytesText(mean)));
      });
}

}  // namespace

void AddBw(Program& program) {
  const auto options = std::make_shared<WatchOptions>();
  CLI::App* const verb =
      program.AddVerb("bw", "Shows how many bytes of messages are sent and received a second.",
                      "  ipmpsc bw camera.frames\n"
                      "  ipmpsc bw camera.frames --json | jq .sent_bytes_per_second\n",
                      [options] { return WatchBandwidth(*options); });
  AddWatchOptions(verb, options.get());
}

}  // namespace ipmpsc::cli
