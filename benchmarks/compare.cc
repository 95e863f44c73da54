// Measures this library, its peers and the limits of the machine in one run:
//
//   ./bazelw run -c opt //benchmarks:compare
//
// Rows are measured in rounds. Each round runs every system once, so that a temporary slow-down of
// the machine affects all of them. Prints the tables and writes the figures to a JSON file. With
// --docs, also writes the tables and pictures of docs/performance.md.
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/codec_rows.h"
#include "benchmarks/kind_rows.h"
#include "benchmarks/machine.h"
#include "benchmarks/overview.h"
#include "benchmarks/report.h"
#include "benchmarks/results.pb.h"
#include "benchmarks/row.h"
#include "benchmarks/rows.h"
#include "benchmarks/service_rows.h"
#include "benchmarks/services/service.h"
#include "benchmarks/services/services.h"
#include "benchmarks/transport.h"
#include "benchmarks/transports/ipmpsc.h"
#include "benchmarks/transports/peers.h"
#include "examples/command_line.h"
#include "google/protobuf/util/json_util.h"

ABSL_FLAG(int32_t, rounds, 5, "how often each system is measured in each row");
ABSL_FLAG(std::string, rows, "", "only the rows whose names contain one of these words: a,b");
ABSL_FLAG(std::string, systems, "", "only the systems whose names contain one of these: a,b");
ABSL_FLAG(std::string, json, "", "where the figures go; by default compare.json in the tree");
ABSL_FLAG(std::string, render, "",
          "measure nothing: show the figures of these JSON files, a,b; the tables are the first's");
ABSL_FLAG(bool, cargo, true,
          "build the peers that are written in Rust, if cargo is there; it fetches their sources");
ABSL_FLAG(bool, docs, false,
          "put tables and pictures into docs/performance.md and README.md of the tree");

namespace ipmpsc::benchmarks {
namespace {

using ::ipmpsc::examples::Fail;
using ::ipmpsc::examples::kFault;

// The rows of README.md.
constexpr const char* kSummary[] = {
    "latency-64-spinning",  "latency-64-sleeping",   "throughput-64-from-1",
    "throughput-64-from-4", "throughput-64-batches", "throughput-65536-from-1",
    "end-to-end-mixed",     "frame-copied",
};

std::string Tree() {
  const char* const tree = getenv("BUILD_WORKSPACE_DIRECTORY");
  return tree == nullptr ? "." : tree;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(kFault, absl::StrCat(path, ": cannot be read"));
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.flush();
  if (!file) Fail(kFault, absl::StrCat(path, ": cannot be written"));
}

bool IsWanted(absl::string_view name, const std::string& words) {
  if (words.empty()) return true;
  const std::vector<std::string> all = absl::StrSplit(words, ',');
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& word) { return absl::StrContains(name, word); });
}

// Measures a row once.
void MeasureRound(const Row& row, int round, RowResult* result) {
  const size_t count = row.measurements.size();
  // Each round begins with another system.
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (i + static_cast<size_t>(round)) % count;
    RowResult::Entry* const entry = result->mutable_entries(static_cast<int>(index));
    if (!entry->refused().empty()) continue;
    const absl::StatusOr<Figures> figures = row.measurements[index].measure();
    if (!figures.ok()) {
      entry->set_refused(std::string(figures.status().message()));
      entry->clear_metrics();
      if (!absl::IsUnimplemented(figures.status())) {
        std::cerr << row.id << ", " << entry->system() << ": " << figures.status() << std::endl;
      }
      continue;
    }
    for (size_t k = 0; k < figures->size(); ++k) {
      if (entry->metrics_size() <= static_cast<int>(k))
        entry->add_metrics()->set_name((*figures)[k].first);
      entry->mutable_metrics(static_cast<int>(k))->add_samples((*figures)[k].second);
    }
  }
}

// Returns the path of the library with the Rust peers, or "".
std::string RustPeers() {
  if (!absl::GetFlag(FLAGS_cargo)) return "";
  const std::string source = absl::StrCat(Tree(), "/benchmarks/peers/rust");
  const absl::StatusOr<std::string> library = BuildRustPeers(source, source + "/target");
  if (library.ok()) return *library;
  std::cerr << library.status().message() << std::endl;
  return "";
}

// Returns the command that measures the same again, without the flags for its output.
std::string Command() {
  std::string flags;
  for (const char* const name : {"rounds", "rows", "systems", "cargo"}) {
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
    if (flag->CurrentValue() == flag->DefaultValue()) continue;
    absl::StrAppend(&flags, " --", name, "=", flag->CurrentValue());
  }
  return absl::StrCat("./bazelw run -c opt //benchmarks:compare", flags.empty() ? "" : " --",
                      flags);
}

Results Measure() {
  std::vector<TransportKind> systems = {Ipmpsc()};
  const std::string rust_peers = RustPeers();
  for (TransportKind& peer : Peers(rust_peers)) systems.push_back(std::move(peer));

  Results results;
  results.set_date(absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()));
  results.set_command(Command());
  results.set_commit(CommitOf(Tree()));
  results.set_processor(ProcessorName());
  results.set_kernel(KernelVersion());
  results.set_placement(Placement());
  results.set_rounds(absl::GetFlag(FLAGS_rounds));
  // Adds the kind to the table of systems. Returns whether to measure it.
  const auto is_measured = [&results](const auto& kind, const std::string& name) {
    if (!IsWanted(kind.name, absl::GetFlag(FLAGS_systems))) return false;
    System* const system = results.add_systems();
    system->set_name(name);
    system->set_describe(kind.describe);
    system->set_unavailable(kind.unavailable);
    if (kind.unavailable.empty()) return true;
    std::cerr << name << ": skipped: " << kind.unavailable << std::endl;
    return false;
  };
  std::vector<TransportKind> measured;
  for (const TransportKind& kind : systems) {
    if (is_measured(kind, kind.name)) measured.push_back(kind);
  }
  std::vector<ServiceKind> services;
  for (const ServiceKind& kind : Services(rust_peers)) {
    if (is_measured(kind, absl::StrCat(kind.name, ", calls"))) services.push_back(kind);
  }
  if (measured.empty() && services.empty())
    Fail(examples::kBadInput, "--systems: none of that name can be measured");

  std::vector<Row> rows = TransportRows(measured);
  for (Row& row : ServiceRows(services)) rows.push_back(std::move(row));
  for (Row& row : CodecRows()) rows.push_back(std::move(row));
  for (Row& row : KindRows()) rows.push_back(std::move(row));
  for (const Row& row : rows) {
    if (!IsWanted(row.id, absl::GetFlag(FLAGS_rows))) continue;
    RowResult* const result = results.add_rows();
    result->set_id(row.id);
    result->set_title(row.title);
    result->set_unit(row.unit);
    result->set_more_is_better(row.more_is_better);
    for (const Measurement& measurement : row.measurements) {
      RowResult::Entry* const entry = result->add_entries();
      entry->set_system(measurement.system);
      entry->set_is_limit(measurement.is_limit);
    }
    for (int round = 0; round < results.rounds(); ++round) {
      std::cerr << row.id << ": round " << round + 1 << " of " << results.rounds() << std::endl;
      MeasureRound(row, round, result);
    }
  }
  return results;
}

// Replaces the text between the marks of that name in a document of the tree.
void WriteBetweenMarks(absl::string_view document, absl::string_view name,
                       absl::string_view inserted) {
  const std::string path = absl::StrCat(Tree(), "/", document);
  const std::string begin_mark = absl::StrCat("<!-- ", name, ": begin -->\n");
  const std::string end_mark = absl::StrCat("<!-- ", name, ": end -->\n");
  std::string text = ReadFile(path);
  const size_t begin = text.find(begin_mark);
  const size_t end = text.find(end_mark);
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    Fail(kFault, absl::StrCat(path, ": has no marks named ", name, " for a table"));
  const size_t inside = begin + begin_mark.size();
  text.replace(inside, end - inside, absl::StrCat("\n", inserted, "\n"));
  WriteFile(path, text);
}

// Writes the tables and pictures of the first run, and what all runs say of the targets.
void WriteDocs(const std::vector<Results>& runs) {
  const Results& first = runs.front();
  WriteBetweenMarks("docs/performance.md", "overview", OverviewTable(runs));
  WriteBetweenMarks("docs/performance.md", "targets", TargetTable(runs));
  WriteBetweenMarks("docs/performance.md", "compare", MarkdownTables(first, "performance"));
  WriteBetweenMarks("README.md", "compare",
                    SummaryTable(first, {std::begin(kSummary), std::end(kSummary)}));
  std::filesystem::create_directories(absl::StrCat(Tree(), "/docs/performance"));
  for (const RowResult& row : first.rows()) {
    const std::string picture = BarChart(row);
    if (!picture.empty())
      WriteFile(absl::StrCat(Tree(), "/docs/performance/", row.id(), ".svg"), picture);
  }
}

Results ReadResults(const std::string& path) {
  Results results;
  const auto parsed = google::protobuf::util::JsonStringToMessage(ReadFile(path), &results);
  if (!parsed.ok()) Fail(examples::kBadInput, absl::StrCat(path, ": ", parsed.ToString()));
  return results;
}

void WriteResults(const Results& results, const std::string& path) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(results, &json, options).ok())
    Fail(kFault, "the results cannot be written as JSON");
  WriteFile(path, json);
  std::cerr << "figures: " << path << std::endl;
}

int Run() {
  std::vector<Results> runs;
  if (const std::string files = absl::GetFlag(FLAGS_render); !files.empty()) {
    for (const absl::string_view file : absl::StrSplit(files, ','))
      runs.push_back(ReadResults(std::string(file)));
  } else {
    runs.push_back(Measure());
    const std::string path = absl::GetFlag(FLAGS_json);
    WriteResults(runs.front(), path.empty() ? absl::StrCat(Tree(), "/compare.json") : path);
  }
  std::cout << OverviewTable(runs) << "\n"
            << TargetTable(runs) << "\n"
            << MarkdownTables(runs.front(), "");
  if (absl::GetFlag(FLAGS_docs)) WriteDocs(runs);
  return 0;
}

}  // namespace
}  // namespace ipmpsc::benchmarks

int main(int argc, char** argv) {
  const std::vector<std::string> rest = ipmpsc::examples::ParseArguments(
      argc, argv, "Compares this library with its peers and with what the machine allows.",
      {"rounds", "rows", "systems", "json", "render", "cargo", "docs"});
  if (!rest.empty()) {
    ipmpsc::examples::Fail(ipmpsc::examples::kBadInput,
                           absl::StrCat(rest[0], ": takes flags only; see --help"));
  }
  return ipmpsc::benchmarks::Run();
}
