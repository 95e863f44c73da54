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
#include "absl/types/span.h"
#include "bridge/deliverer.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::bridge {
namespace {

double Number(uint64_t value) { return static_cast<double>(value); }

// Returns the seconds since a time, or 0 if there is none.
double Age(int64_t nanoseconds, absl::Time now) {
  if (nanoseconds == 0) return 0;
  return std::max(0.0, absl::ToDoubleSeconds(now - absl::FromUnixNanos(nanoseconds)));
}

}  // namespace

std::string PrometheusText(const Metrics& metrics, const ChannelStats& stats, absl::Time now) {
  uint64_t sent = 0;
  for (const SenderStats& sender : stats.senders) sent += sender.sent_messages;
  const uint64_t received = stats.receiver.has_value() ? stats.receiver->received_messages : 0;
  // The counters are read one after the other, so their difference may be below 0.
  const uint64_t lag = sent - std::min(sent, received);
  const double age = Age(metrics.oldest_nanoseconds, now);
  const MetricRow rows[] = {
      {"published_total", "counter", "Publishes started, repeated ones included.",
       Number(metrics.published)},
      {"acknowledged_total", "counter", "Messages that the engine has stored.",
       Number(metrics.acknowledged)},
      {"acknowledged_bytes_total", "counter", "Payload that the engine has stored, in bytes.",
       Number(metrics.bytes)},
      {"skipped_total", "counter", "Messages that an earlier bridge had stored.",
       Number(metrics.skipped)},
      {"retries_total", "counter", "Times that the bridge read the tail of the stream again.",
       Number(metrics.retries)},
      {"dead_letters_total", "counter", "Messages that went to the dead-letter subject.",
       Number(metrics.dead_letters)},
      {"refused_letters_total", "counter", "Messages that the dead-letter subject refused too.",
       Number(metrics.refused_letters)},
      {"schemas_refused_total", "counter", "Schemas that the engine does not store.",
       Number(metrics.schemas_refused)},
      {"in_flight_messages", "gauge", "Messages taken and not released.",
       Number(metrics.in_flight)},
      {"lag_messages", "gauge", "Messages sent and not released.", Number(lag)},
      {"lag_bytes", "gauge", "Bytes of the channel in use.", Number(stats.fill)},
      {"lag_seconds", "gauge", "Age of the oldest message taken and not released.", age},
  };
  return PrometheusRows(rows, stats.path);
}

std::string PrometheusText(const DeliveryMetrics& metrics, absl::string_view path, absl::Time now) {
  const MetricRow rows[] = {
      {"delivered_total", "counter", "Messages sent into the channel.", Number(metrics.delivered)},
      {"delivered_bytes_total", "counter", "Payload sent into the channel, in bytes.",
       Number(metrics.delivered_bytes)},
      {"found_total", "counter", "Messages that a bridge had sent before it died.",
       Number(metrics.found)},
      {"uncertain_total", "counter", "Messages sent, perhaps a second time.",
       Number(metrics.uncertain)},
      {"missed_total", "counter", "Messages that went away in the stream before they were read.",
       Number(metrics.missed)},
      {"dropped_total", "counter", "Messages that a lossy channel had no space for.",
       Number(metrics.dropped)},
      {"too_large_total", "counter", "Messages that are too large for the channel.",
       Number(metrics.too_large)},
      {"again_total", "counter", "Messages that the engine brought again, left out.",
       Number(metrics.again)},
      {"looks_total", "counter", "Times that the bridge began to read the stream.",
       Number(metrics.looks)},
      {"full_waits_total", "counter", "Waits for space in the channel.",
       Number(metrics.full_waits)},
      {"lag_messages", "gauge", "Messages in the stream behind the last one sent.",
       Number(metrics.lag_messages)},
      {"lag_bytes", "gauge", "Their bytes, by the mean of the stream.", Number(metrics.lag_bytes)},
      {"lag_seconds", "gauge", "Age of the message that waits for space in the channel.",
       Age(metrics.oldest_nanoseconds, now)},
  };
  return PrometheusRows(rows, path);
}

std::string PrometheusRows(absl::Span<const MetricRow> rows, absl::string_view path) {
  const std::string label =
      absl::StrReplaceAll(path, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
  std::string text;
  for (const MetricRow& row : rows) {
    absl::StrAppend(&text, "# HELP ipmpsc_bridge_", row.name, " ", row.help, "\n");
    absl::StrAppend(&text, "# TYPE ipmpsc_bridge_", row.name, " ", row.type, "\n");
    char value[40];
    std::snprintf(value, sizeof(value), "%.17g", row.value);
    absl::StrAppend(&text, "ipmpsc_bridge_", row.name, "{channel=\"", label, "\"} ", value, "\n");
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
