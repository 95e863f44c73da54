// Metrics: what a bridge counts, and their text for Prometheus.
#ifndef IPMPSC_BRIDGE_METRICS_H_
#define IPMPSC_BRIDGE_METRICS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bridge/deliverer.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::bridge {

struct Metrics {
  uint64_t published = 0;        // publishes that were started, repeated ones included
  uint64_t acknowledged = 0;     // messages that the engine has stored
  uint64_t bytes = 0;            // of payload that the engine has stored
  uint64_t skipped = 0;          // messages that the engine had stored before this bridge began
  uint64_t retries = 0;          // times that the bridge read the engine's tail again
  uint64_t dead_letters = 0;     // messages that went to the dead-letter subject
  uint64_t refused_letters = 0;  // messages that went nowhere, as that subject refused them too
  uint64_t schemas_refused = 0;  // schemas that the engine does not store
  uint64_t in_flight = 0;        // messages that are taken and not released
  // When the oldest message that is not released was sent; 0 if unknown or none.
  int64_t oldest_nanoseconds = 0;
};

// Returns Prometheus's text format. `stats` is that of the channel, and labels name its path.
std::string PrometheusText(const Metrics& metrics, const ChannelStats& stats, absl::Time now);

// A line of Prometheus's text format, after "ipmpsc_bridge_".
struct MetricRow {
  absl::string_view name;
  absl::string_view type;
  absl::string_view help;
  double value;
};

// Returns the rows with the label channel="PATH".
std::string PrometheusRows(absl::Span<const MetricRow> rows, absl::string_view path);

// The same as `PrometheusText` for the direction from an engine to a channel.
std::string PrometheusText(const DeliveryMetrics& metrics, absl::string_view path, absl::Time now);

// Writes `text` to `path` by way of a temporary file beside it, so readers see one text or the
// other.
//
// Errors: as `absl::ErrnoToStatus`; the text names the file.
absl::Status WriteTextFile(const std::string& path, absl::string_view text);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_METRICS_H_
