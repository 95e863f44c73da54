#include "benchmarks/overview.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmarks/figures.h"

namespace ipmpsc::benchmarks {
namespace {

// One figure for each round of some runs. Empty if none of them measured it.
using Rounds = std::vector<double>;
using Measure = std::function<Rounds(const std::vector<Results>& runs)>;

struct Target {
  std::string text;
  double bound;
  bool at_least;     // else at most
  const char* unit;  // of the bound and the figures: "ns", or "" for a ratio
  Measure measure;
};

// Finds an entry of a row, or null.
using Finder = std::function<const RowResult::Entry*(const RowResult&)>;

Finder Named(std::string name) {
  return [name = std::move(name)](const RowResult& row) { return FindSystem(row, name); };
}

// Adds the figures of a run. Leaves out ratios to 0.
void Add(const Rounds& more, Rounds* rounds) {
  std::copy_if(more.begin(), more.end(), std::back_inserter(*rounds),
               [](double figure) { return std::isfinite(figure); });
}

// Measures in each run by itself.
Measure OfEachRun(std::function<Rounds(const Results&)> measure) {
  return [measure = std::move(measure)](const std::vector<Results>& runs) {
    Rounds rounds;
    for (const Results& run : runs) Add(measure(run), &rounds);
    return rounds;
  };
}

// Returns the row with the samples of all runs.
RowResult Pool(const std::vector<Results>& runs, absl::string_view id) {
  RowResult pooled;
  for (const Results& run : runs) {
    const RowResult* const row = FindRow(run, id);
    if (row == nullptr) continue;
    if (pooled.id().empty()) {
      pooled = *row;
      pooled.clear_entries();
    }
    for (const RowResult::Entry& entry : row->entries()) {
      if (entry.metrics_size() == 0) continue;
      RowResult::Entry* all = nullptr;
      for (RowResult::Entry& known : *pooled.mutable_entries()) {
        if (known.system() == entry.system()) all = &known;
      }
      if (all == nullptr) {
        *pooled.add_entries() = entry;
      } else {
        all->mutable_metrics(0)->mutable_samples()->MergeFrom(entry.metrics(0).samples());
      }
    }
  }
  return pooled;
}

// Measures value / base in each round of the row that has both.
Measure Ratio(std::string id, Finder value, Finder base) {
  return OfEachRun([id = std::move(id), value = std::move(value),
                    base = std::move(base)](const Results& run) -> Rounds {
    const RowResult* const row = FindRow(run, id);
    const RowResult::Entry* const above = row == nullptr ? nullptr : value(*row);
    const RowResult::Entry* const below = row == nullptr ? nullptr : base(*row);
    if (above == nullptr || below == nullptr) return {};
    return RoundRatios(above->metrics(0), below->metrics(0));
  });
}

// Measures value / the best peer. That is one system for all runs, the best by all of their rounds.
Measure RatioToBestPeer(std::string id, Finder value) {
  return [id = std::move(id), value = std::move(value)](const std::vector<Results>& runs) {
    const RowResult pooled = Pool(runs, id);
    const RowResult::Entry* const peer = BestPeer(pooled);
    return peer == nullptr ? Rounds() : Ratio(id, value, Named(peer->system()))(runs);
  };
}

// Measures this library's first figure in each round of the row.
Rounds OwnRounds(const Results& results, absl::string_view id) {
  const RowResult* const row = FindRow(results, id);
  const RowResult::Entry* const own = row == nullptr ? nullptr : FindOwn(*row);
  return own == nullptr ? Rounds() : Samples(own->metrics(0));
}

Rounds LeastShare(const Results& results, const std::string& id) {
  const RowResult* const row = FindRow(results, id);
  const RowResult::Entry* const own = row == nullptr ? nullptr : FindOwn(*row);
  if (own == nullptr) return {};
  for (const Metric& metric : own->metrics()) {
    if (metric.name() == "least share") return Samples(metric);
  }
  return {};
}

Rounds BatchesToSingle(const Results& results) {
  Rounds batches = OwnRounds(results, "throughput-64-batches");
  const Rounds single = OwnRounds(results, "throughput-64-from-1");
  batches.resize(std::min(batches.size(), single.size()));
  for (size_t i = 0; i < batches.size(); ++i) batches[i] /= single[i];
  return batches;
}

Rounds BeyondFutexWake(const Results& results) {
  Rounds own = OwnRounds(results, "latency-64-sleeping");
  const RowResult* const row = FindRow(results, "latency-64-sleeping");
  const RowResult::Entry* const limit = row == nullptr ? nullptr : FindLimit(*row);
  const Rounds bare = limit == nullptr ? Rounds() : Samples(limit->metrics(0));
  own.resize(std::min(own.size(), bare.size()));
  for (size_t i = 0; i < own.size(); ++i) own[i] -= bare[i];
  return own;
}

std::vector<Target> Targets() {
  constexpr bool kAtLeast = true;
  constexpr bool kAtMost = false;
  std::vector<Target> targets;
  for (const auto& [size, name] :
       {std::pair("16", "16 bytes"), std::pair("64", "64 bytes"), std::pair("1024", "1 KiB")}) {
    targets.push_back(
        {absl::StrCat(name, " from 1 sender, beside Aeron's ring"), 1.7, kAtLeast, "",
         Ratio(absl::StrCat("throughput-", size, "-from-1"), FindOwn, Named("aeron ring"))});
  }
  for (const int senders : {2, 4, 8}) {
    const std::string id = absl::StrCat("throughput-64-from-", senders);
    targets.push_back({absl::StrCat("64 bytes from ", senders, " senders, beside Aeron's ring"),
                       1.6, kAtLeast, "", Ratio(id, FindOwn, Named("aeron ring"))});
    targets.push_back(
        {absl::StrCat("share of the least served of ", senders, " senders"), 0.8, kAtLeast, "",
         OfEachRun([id](const Results& results) { return LeastShare(results, id); })});
  }
  for (const auto& [size, name] :
       {std::pair("4096", "4 KiB"), std::pair("65536", "64 KiB"), std::pair("1048576", "1 MiB")}) {
    targets.push_back({absl::StrCat(name, " from 1 sender, beside the best peer"), 1, kAtLeast, "",
                       RatioToBestPeer(absl::StrCat("throughput-", size, "-from-1"), FindOwn)});
  }
  targets.push_back(
      {"batches of 32, beside single messages", 2, kAtLeast, "", OfEachRun(BatchesToSingle)});
  targets.push_back({"1 GiB of capacity in later laps, beside 64 KiB", 1, kAtLeast, "",
                     Ratio("throughput-64-by-capacity", Named("ipmpsc, 1 GiB, later laps"),
                           Named("ipmpsc, 64 KiB"))});
  targets.push_back({"time one way, 64 bytes, beside half a cache-line round trip", 1.2, kAtMost,
                     "", Ratio("latency-64-spinning", FindOwn, FindLimit)});
  targets.push_back({"time one way, 4 KiB, beside the best peer", 0.5, kAtMost, "",
                     RatioToBestPeer("latency-4096-spinning", FindOwn)});
  targets.push_back({"time to a receiver that sleeps, 64 bytes, beyond a bare futex wake", 2000,
                     kAtMost, "ns", OfEachRun(BeyondFutexWake)});
  targets.push_back({"the mixed message by views and setters, beside the best peer", 1, kAtLeast,
                     "", RatioToBestPeer("end-to-end-mixed", FindOwn)});
  targets.push_back({"the mixed message by protobuf's classes, beside the best peer", 1, kAtLeast,
                     "", RatioToBestPeer("end-to-end-mixed", Named("ipmpsc, protobuf's classes"))});
  targets.push_back({"time of a frame copied in, beside iceoryx2", 1, kAtMost, "",
                     Ratio("frame-copied", FindOwn, Named("iceoryx2"))});
  targets.push_back(
      {"time of a frame filled in place, in a ring of one frame, beside iceoryx2", 1.1, kAtMost, "",
       Ratio("frame-in-place", Named("ipmpsc, ring of one frame"), Named("iceoryx2"))});
  targets.push_back({"processor time while idle, beside a pipe", 1, kAtMost, "",
                     Ratio("idle", FindOwn, Named("pipe"))});
  targets.push_back(
      {"a view of a frame of 12.4 MB", 200, kAtMost, "ns",
       OfEachRun([](const Results& results) { return OwnRounds(results, "read-frame"); })});
  // On AMD; the target on Intel is 5.
  targets.push_back({"an arena parse of the mixed message, beside a view", 4, kAtLeast, "",
                     Ratio("parse-mixed", Named("protobuf, arena"), FindOwn)});
  targets.push_back({"protozero's walk of the mixed message, beside parsing and reading all of it",
                     1, kAtLeast, "", Ratio("read-mixed", Named("protozero"), FindOwn)});
  targets.push_back({"time to read a million floats, beside memcpy", 1.1, kAtMost, "",
                     Ratio("read-floats", FindOwn, FindLimit)});
  targets.push_back({"time to write a million floats, beside memcpy", 1.1, kAtMost, "",
                     Ratio("write-floats", FindOwn, FindLimit)});
  return targets;
}

std::string Text(double value, const char* unit) {
  if (*unit == '\0') {
    const double size = std::abs(value);
    return absl::StrFormat("%.*f", size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3, value);
  }
  // A difference of times can be negative.
  return absl::StrCat(value < 0 ? "-" : "", FormatFigure(std::abs(value), unit));
}

// Returns "1.70 | 1.62 to 1.81", or two dashes for no round.
std::string Spread(const Rounds& rounds, const char* unit) {
  if (rounds.empty()) return "- | -";
  return absl::StrCat(Text(Median(rounds), unit), " | ", Text(Quantile(rounds, 0.25), unit), " to ",
                      Text(Quantile(rounds, 0.75), unit));
}

std::string Verdict(const Target& target, const Rounds& rounds) {
  if (rounds.empty()) return "not measured";
  const double median = Median(rounds);
  const bool met = target.at_least ? median >= target.bound : median <= target.bound;
  const bool within_spread = Quantile(rounds, 0.25) < target.bound &&  //
                             target.bound < Quantile(rounds, 0.75);
  return absl::StrCat(met ? "met" : "**missed**", within_spread ? ", within the quartiles" : "");
}

}  // namespace

std::string OverviewTable(const std::vector<Results>& runs) {
  std::string table =
      "| | **ipmpsc** | best peer | times as good | quartiles |\n| --- | --- | --- | --- | --- |\n";
  for (const RowResult& first : runs.front().rows()) {
    const RowResult row = Pool(runs, first.id());
    const RowResult::Entry* const own = FindOwn(row);
    const RowResult::Entry* const peer = BestPeer(row);
    if (own == nullptr || peer == nullptr) continue;
    Finder value = Named(own->system());
    Finder base = Named(peer->system());
    if (!row.more_is_better()) std::swap(value, base);
    absl::StrAppend(&table, "| ", row.title(), " | **", FormatFigure(FigureOf(*own), row.unit()),
                    "** | ", FormatFigure(FigureOf(*peer), row.unit()), ", ", peer->system(), " | ",
                    Spread(Ratio(row.id(), value, base)(runs), ""), " |\n");
  }
  return table;
}

std::string TargetTable(const std::vector<Results>& runs) {
  std::string table =
      "| target | wanted | measured | quartiles | |\n| --- | --- | --- | --- | --- |\n";
  for (const Target& target : Targets()) {
    const Rounds rounds = target.measure(runs);
    absl::StrAppend(&table, "| ", target.text, " | ", target.at_least ? "at least " : "at most ",
                    Text(target.bound, target.unit), " | ", Spread(rounds, target.unit), " | ",
                    Verdict(target, rounds), " |\n");
  }
  return table;
}

}  // namespace ipmpsc::benchmarks
