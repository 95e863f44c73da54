#include "bridge/metrics.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::bridge {
namespace {

struct Row {
  absl::string_view name;
  absl::string_view type;
  absl::string_view help;
  double value;
};

}  // namespace

std::string PrometheusText(const Metrics& metrics, const ChannelStats& stats, absl::Time now) {
  uint64_t sent = 0;
  for (const SenderStats& sender : stats.senders) sent += sender.sent_messages;
  const uint64_t received = stats.receiver.has_value() ? stats.receiver->received_messages : 0;
  // The counters are read one after the other, so their difference may be below 0.
  const uint64_t lag = sent - std::min(sent, received);
  const double age =
      metrics.oldest_nanoseconds == 0
          ? 0
          : std::max(0.0,
                     absl::ToDoubleSeconds(now - absl::FromUnixNanos(metrics.oldest_nanoseconds)));
  const auto number = [](uint64_t value) { return static_cast<double>(value); };
  const Row rows[] = {
      {"published_total", "counter", "Publishes started, repeated ones included.",
       number(metrics.published)},
      {"acknowledged_total", "counter", "Messages that the engine has stored.",
       number(metrics.acknowledged)},
      {"acknowledged_bytes_total", "counter", "Payload that the engine has stored, in bytes.",
       number(metrics.bytes)},
      {"skipped_total", "counter", "Messages that an earlier bridge had stored.",
       number(metrics.skipped)},
      {"retries_total", "counter", "Times that the bridge read the tail of the stream again.",
       number(metrics.retries)},
      {"dead_letters_total", "counter", "Messages that went to the dead-letter subject.",
       number(metrics.dead_letters)},
      {"refused_letters_total", "counter", "Messages that the dead-letter subject refused too.",
       number(metrics.refused_letters)},
      {"schemas_refused_total", "counter", "Schemas that the engine does not store.",
       number(metrics.schemas_refused)},
      {"in_flight_messages", "gauge", "Messages taken and not released.",
       number(metrics.in_flight)},
      {"lag_messages", "gauge", "Messages sent and not released.", number(lag)},
      {"lag_bytes", "gauge", "Bytes of the channel in use.", number(stats.fill)},
      {"lag_seconds", "gauge", "Age of the oldest message taken and not released.", age},
  };
  const std::string path =
      absl::StrReplaceAll(stats.path, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
  std::string text;
  for (const Row& row : rows) {
    absl::StrAppend(&text, "# HELP ipmpsc_bridge_", row.name, " ", row.help, "\n");
    absl::StrAppend(&text, "# TYPE ipmpsc_bridge_", row.name, " ", row.type, "\n");
    char value[40];
    std::snprintf(value, sizeof(value), "%.17g", row.value);
    absl::StrAppend(&text, "ipmpsc_bridge_", row.name, "{channel=\"", path, "\"} ", value, "\n");
  }
  return text;
}

absl::Status WriteTextFile(const std::string& path, absl::string_view text) {
  // The collector reads names that end in .prom only. One name for all, so that bridges that are
  // killed leave one such file at most.
  const std::string temporary = absl::StrCat(path, ".tmp");
  std::FILE* file = std::fopen(temporary.c_str(), "we");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int error = errno;
  if (file != nullptr && std::fclose(file) != 0 && written) {
    written = false;
    error = errno;
  }
  if (written && std::rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  if (written) error = errno;
  unlink(temporary.c_str());
  return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path));
}

}  // namespace ipmpsc::bridge
