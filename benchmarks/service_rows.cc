#include "benchmarks/service_rows.h"

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/frames.h"
#include "benchmarks/measurement/limits.h"
#include "benchmarks/measurement/quantiles.h"
#include "benchmarks/measurement/service_calls.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr absl::Duration kTime = absl::Milliseconds(300);
constexpr size_t kLongReply = size_t{4} << 20;

// Returns the figures times `factor`.
absl::StatusOr<Figures> FromQuantiles(const absl::StatusOr<Quantiles>& quantiles,
                                      double factor = 1) {
  if (!quantiles.ok()) return quantiles.status();
  return Figures{{"p50", factor * quantiles->p50},
                 {"p99", factor * quantiles->p99},
                 {"p99.9", factor * quantiles->p999}};
}

Measurement Limit(std::string name, std::function<absl::StatusOr<Figures>()> measure) {
  return {std::move(name), /*is_limit=*/true, std::move(measure)};
}

Row CallRow(const std::vector<ServiceKind>& systems, Row row, const CallWork& work) {
  row.unit = "ns";
  for (const ServiceKind& kind : systems) {
    row.measurements.push_back(
        {kind.name, false, [=] { return FromQuantiles(MeasureCalls(kind, work)); }});
  }
  return row;
}

Row StreamRow(const std::vector<ServiceKind>& systems) {
  Row row;
  row.id = "service-stream";
  row.title = "Replies of 64 bytes in a stream";
  row.unit = "messages/s";
  row.more_is_better = true;
  for (const ServiceKind& kind : systems) {
    row.measurements.push_back({kind.name, false, [=]() -> absl::StatusOr<Figures> {
                                  const absl::StatusOr<double> rate =
                                      MeasureStream(kind, {kTime, Waiting::kFastest, 64, 64});
                                  if (!rate.ok()) return rate.status();
                                  return Figures{{"messages/s", *rate}};
                                }});
  }
  return row;
}

}  // namespace

std::vector<Row> ServiceRows(const std::vector<ServiceKind>& systems) {
  std::vector<Row> rows;
  Row spinning;
  spinning.id = "service-call-spinning";
  spinning.title = "One call of 64 bytes and its reply of 64, both sides spinning";
  spinning.measurements.push_back(
      Limit("a cache-line round trip", [] { return FromQuantiles(MeasureCacheLine(kTime), 2); }));
  rows.push_back(CallRow(systems, spinning, {kTime, Waiting::kSpin, 64, 64}));
  Row sleeping;
  sleeping.id = "service-call-sleeping";
  sleeping.title = "One call of 64 bytes and its reply of 64, to a server that sleeps";
  sleeping.measurements.push_back(
      Limit("two bare futex wakes", [] { return FromQuantiles(MeasureFutexWake(kTime), 2); }));
  rows.push_back(CallRow(systems, sleeping, {kTime, Waiting::kSleep, 64, 64}));
  Row large;
  large.id = "service-call-4194304";
  large.title =
      "One call with a reply of 4 MiB, one byte of each page written, in place where possible";
  large.measurements.push_back(Limit("the same writes into shared memory", [] {
    return FromQuantiles(MeasureBareFrames(Filling::kInPlace, kTime, kLongReply));
  }));
  rows.push_back(CallRow(systems, large, {kTime, Waiting::kSpin, 64, kLongReply}));
  rows.push_back(StreamRow(systems));
  return rows;
}

}  // namespace ipmpsc::benchmarks
