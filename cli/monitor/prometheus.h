// PrometheusText: the state of channels in the text format of Prometheus. docs/operations.md lists
// the metrics.
#ifndef IPMPSC_CLI_MONITOR_PROMETHEUS_H_
#define IPMPSC_CLI_MONITOR_PROMETHEUS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/monitor/history.h"

namespace ipmpsc::cli {

// Writes samples of metrics, grouped by metric as the format demands.
//
// `histories`: by path. An empty history is a channel that could not be opened.
std::string PrometheusText(const std::map<std::string, History>& histories);

// Returns `text` as the value of a label: printable, with `\`, `"` and line feeds escaped.
std::string LabelValue(absl::string_view text);

// Looks at channels again and again.
class Exporter {
 public:
  // `places`: files of channels, and directories whose channels are found anew each time.
  explicit Exporter(std::vector<std::string> places) : places_(std::move(places)) {}

  // Looks at all channels, and returns their metrics. `now` is the time of the look.
  std::string Collect(absl::Time now);

 private:
  const std::vector<std::string> places_;
  std::map<std::string, History> histories_;
};

// Replaces the file at `path` in one step, so that no reader sees a part of it.
//
// Errors: those of the kernel; the old file stays as it is.
absl::Status ReplaceFile(const std::string& path, absl::string_view content);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MONITOR_PROMETHEUS_H_
