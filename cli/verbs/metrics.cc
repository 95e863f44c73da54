// ipmpsc metrics: the state of channels for Prometheus.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/monitor/http_page.h"
#include "cli/monitor/prometheus.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"

namespace ipmpsc::cli {
namespace {

struct MetricsOptions {
  std::vector<std::string> places;
  std::string listen;
  std::string textfile;
  absl::Duration interval = absl::Seconds(10);
  bool once = false;
};

ExitStatus Serve(const MetricsOptions& options, Exporter* exporter) {
  const absl::StatusOr<std::unique_ptr<HttpPage>> page =
      HttpPage::Serve(options.listen, [exporter] { return exporter->Collect(absl::Now()); });
  if (absl::IsInvalidArgument(page.status())) return Fail(kUsage, page.status().message());
  if (!page.ok()) return Fail(page.status());
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  Print(absl::StrCat("http://", host, ":", (*page)->port(), "/metrics\n"));
  if (!FinishOutput()) return Fail(kFailed, "cannot write to standard output");
  SleepUntil(absl::InfiniteFuture());
  return kSuccess;
}

ExitStatus WriteFiles(const MetricsOptions& options, Exporter* exporter) {
  do {
    const absl::Status status = ReplaceFile(options.textfile, exporter->Collect(absl::Now()));
    if (!status.ok()) return Fail(kFailed, status.message());
  } while (!options.once && SleepUntil(absl::Now() + options.interval));
  return kSuccess;
}

ExitStatus Metrics(const MetricsOptions& options) {
  if (options.interval < kShortestInterval) {
    return Fail(kUsage, "--interval must be at least 10ms");
  }
  std::vector<std::string> places;
  for (const std::string& place : options.places) places.push_back(FindChannel(place));
  if (places.empty()) places = ChannelFolders();
  Exporter exporter(std::move(places));
  StopOnSignals();
  if (!options.listen.empty()) return Serve(options, &exporter);
  if (!options.textfile.empty()) return WriteFiles(options, &exporter);
  Print(exporter.Collect(absl::Now()));
  return kSuccess;
}

}  // namespace

void AddMetrics(Program& program) {
  const auto options = std::make_shared<MetricsOptions>();
  CLI::App* const verb =
      program.AddVerb("metrics", "Shows the state of channels to Prometheus.",
                      "  ipmpsc metrics\n"
                      "  ipmpsc metrics --listen 127.0.0.1:9464\n"
                      "  ipmpsc metrics --textfile /var/lib/prometheus/node-exporter/ipmpsc.prom\n",
                      [options] { return Metrics(*options); });
  verb->add_option("CHANNEL", options->places,
                   "paths or names of channels, and folders whose channels are found anew each "
                   "time; without any, $IPMPSC_DIR and /dev/shm");
  CLI::Option* const listen =
      verb->add_option("--listen", options->listen,
                       "serve http://ADDRESS:PORT/metrics until a signal comes; port 0 is any free "
                       "one")
          ->type_name("ADDRESS:PORT");
  CLI::Option* const textfile =
      verb->add_option("--textfile", options->textfile,
                       "write the file again and again, each time in one step, for the textfile "
                       "collector of the node exporter")
          ->type_name("FILE")
          ->excludes(listen);
  AddDurationOption(verb, "--interval", &options->interval, "between two writes of the file (10s)")
      ->needs(textfile);
  verb->add_flag("--once", options->once, "write the file once")->needs(textfile);
}

}  // namespace ipmpsc::cli
