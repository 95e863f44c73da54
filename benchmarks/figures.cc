#include "benchmarks/figures.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr absl::string_view kOwnName = "ipmpsc";

const RowResult::Entry* FindFirst(const RowResult& row, bool (*is_it)(const RowResult::Entry&)) {
  for (const RowResult::Entry& entry : row.entries()) {
    if (entry.metrics_size() != 0 && is_it(entry)) return &entry;
  }
  return nullptr;
}

}  // namespace

double Quantile(std::vector<double> samples, double fraction) {
  std::sort(samples.begin(), samples.end());
  const double place = fraction * static_cast<double>(samples.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, samples.size() - 1);
  return samples[below] + (place - static_cast<double>(below)) * (samples[above] - samples[below]);
}

double Median(std::vector<double> samples) {
  return samples.empty() ? 0 : Quantile(std::move(samples), 0.5);
}

std::vector<double> Samples(const Metric& metric) {
  return {metric.samples().begin(), metric.samples().end()};
}

double FigureOf(const RowResult::Entry& entry) {
  return entry.metrics_size() == 0 ? 0 : Median(Samples(entry.metrics(0)));
}

std::string FormatFigure(double value, const std::string& unit) {
  struct Scale {
    double factor;
    const char* text;
  };
  static constexpr Scale kTimes[] = {{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}, {1, " ns"}};
  static constexpr Scale kRates[] = {{1e6, " million/s"}, {1e3, " thousand/s"}, {1, "/s"}};
  static constexpr Scale kBytes[] = {{1e6, " MB"}, {1e3, " KB"}, {1, " B"}};
  const auto format = [value](const auto& scales) {
    for (const Scale& scale : scales) {
      if (value >= scale.factor || scale.factor == 1) {
        const double scaled = value / scale.factor;
        return absl::StrFormat("%.*f%s",
                               scaled >= 100  ? 0
                               : scaled >= 10 ? 1
                                              : 2,
                               scaled, scale.text);
      }
    }
    return std::string();
  };
  if (unit == "ns") return format(kTimes);
  if (unit == "bytes") return format(kBytes);
  return format(kRates);
}

bool IsOwn(const RowResult::Entry& entry) { return absl::StartsWith(entry.system(), kOwnName); }

const RowResult* FindRow(const Results& results, absl::string_view id) {
  for (const RowResult& row : results.rows()) {
    if (row.id() == id) return &row;
  }
  return nullptr;
}

const RowResult::Entry* FindSystem(const RowResult& row, absl::string_view system) {
  for (const RowResult::Entry& entry : row.entries()) {
    if (entry.metrics_size() != 0 && entry.system() == system) return &entry;
  }
  return nullptr;
}

const RowResult::Entry* FindLimit(const RowResult& row) {
  return FindFirst(row, [](const RowResult::Entry& entry) { return entry.is_limit(); });
}

const RowResult::Entry* FindOwn(const RowResult& row) { return FindFirst(row, IsOwn); }

const RowResult::Entry* BestPeer(const RowResult& row) {
  for (const RowResult::Entry* entry : BestFirst(row)) {
    if (!entry->is_limit() && !IsOwn(*entry)) return entry;
  }
  return nullptr;
}

std::vector<const RowResult::Entry*> BestFirst(const RowResult& row) {
  std::vector<const RowResult::Entry*> entries;
  for (const RowResult::Entry& entry : row.entries()) {
    if (entry.metrics_size() != 0) entries.push_back(&entry);
  }
  std::stable_sort(
      entries.begin(), entries.end(), [&](const RowResult::Entry* a, const RowResult::Entry* b) {
        if (a->is_limit() != b->is_limit()) return a->is_limit();
        return row.more_is_better() ? FigureOf(*a) > FigureOf(*b) : FigureOf(*a) < FigureOf(*b);
      });
  return entries;
}

std::vector<double> RoundRatios(const Metric& value, const Metric& base) {
  std::vector<double> ratios;
  for (int i = 0; i < std::min(value.samples_size(), base.samples_size()); ++i)
    ratios.push_back(value.samples(i) / base.samples(i));
  return ratios;
}

}  // namespace ipmpsc::benchmarks
