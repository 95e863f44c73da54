#include "benchmarks/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr absl::string_view kOwnName = "ipmpsc";

double Quantile(std::vector<double> samples, double fraction) {
  std::sort(samples.begin(), samples.end());
  const double place = fraction * static_cast<double>(samples.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, samples.size() - 1);
  return samples[below] + (place - static_cast<double>(below)) * (samples[above] - samples[below]);
}

std::vector<double> Samples(const Metric& metric) {
  return {metric.samples().begin(), metric.samples().end()};
}

// Returns the first metric's median, or 0 if the system has none.
double FigureOf(const RowResult::Entry& entry) {
  return entry.metrics_size() == 0 ? 0 : Median(Samples(entry.metrics(0)));
}

bool IsOwn(const RowResult::Entry& entry) { return absl::StartsWith(entry.system(), kOwnName); }

// Returns the median over the rounds of value / base. Each ratio is taken within one round, since a
// disturbance affects both.
std::string RatioText(const RowResult::Entry& value, const RowResult::Entry& base) {
  std::vector<double> ratios;
  const Metric& above = value.metrics(0);
  const Metric& below = base.metrics(0);
  for (int i = 0; i < std::min(above.samples_size(), below.samples_size()); ++i)
    ratios.push_back(above.samples(i) / below.samples(i));
  const double ratio = Median(ratios);
  // The base may be 0.
  return std::isfinite(ratio) ? absl::StrFormat("%.2f", ratio) : "-";
}

const RowResult::Entry* Find(const RowResult& row, bool limit) {
  for (const RowResult::Entry& entry : row.entries()) {
    if (entry.metrics_size() != 0 && (limit ? entry.is_limit() : IsOwn(entry))) return &entry;
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

std::string Table(const RowResult& row, absl::string_view pictures) {
  const RowResult::Entry* const limit = Find(row, /*limit=*/true);
  const RowResult::Entry* const own = Find(row, /*limit=*/false);
  std::string table = absl::StrCat("### ", row.title(), "\n\n");
  if (!pictures.empty())
    absl::StrAppend(&table, "![", row.title(), "](", pictures, "/", row.id(), ".svg)\n\n");
  table += "| | median | quartiles |";
  std::string rule = "| --- | --- | --- |";
  const std::vector<const RowResult::Entry*> entries = BestFirst(row);
  std::vector<std::string> more;
  for (const RowResult::Entry* entry : entries) {
    for (int i = 1; i < entry->metrics_size(); ++i) {
      if (std::find(more.begin(), more.end(), entry->metrics(i).name()) == more.end())
        more.push_back(entry->metrics(i).name());
    }
  }
  for (const std::string& name : more) absl::StrAppend(&table, " ", name, " |");
  for (size_t i = 0; i < more.size(); ++i) rule += " --- |";
  if (limit != nullptr) {
    absl::StrAppend(&table, " to the limit |");
    rule += " --- |";
  }
  if (own != nullptr) {
    absl::StrAppend(&table, " to ", own->system(), " |");
    rule += " --- |";
  }
  absl::StrAppend(&table, "\n", rule, "\n");
  for (const RowResult::Entry* entry : entries) {
    const std::vector<double> samples = Samples(entry->metrics(0));
    const char* const mark = entry->is_limit() ? "_" : IsOwn(*entry) ? "**" : "";
    absl::StrAppend(&table, "| ", mark, entry->system(), mark, " | ",
                    FormatFigure(Median(samples), row.unit()), " | ",
                    FormatFigure(Quantile(samples, 0.25), row.unit()), " to ",
                    FormatFigure(Quantile(samples, 0.75), row.unit()), " |");
    for (const std::string& name : more) {
      std::string cell;
      for (const Metric& metric : entry->metrics()) {
        if (metric.name() != name) continue;
        const double figure = Median(Samples(metric));
        cell = name == "least share" ? absl::StrFormat("%.2f", figure) : FormatFigure(figure, "ns");
      }
      absl::StrAppend(&table, " ", cell, " |");
    }
    for (const RowResult::Entry* base : {limit, own}) {
      if (base != nullptr) absl::StrAppend(&table, " ", RatioText(*entry, *base), " |");
    }
    table += "\n";
  }
  std::string refused;
  for (const RowResult::Entry& entry : row.entries()) {
    if (!entry.refused().empty())
      absl::StrAppend(&refused, refused.empty() ? "" : "; ", entry.system(), ": ", entry.refused());
  }
  if (!refused.empty()) absl::StrAppend(&table, "\nNot measured: ", refused, ".\n");
  return table;
}

// Returns the best system that is neither this library nor a limit.
const RowResult::Entry* BestPeer(const RowResult& row) {
  for (const RowResult::Entry* entry : BestFirst(row)) {
    if (!entry->is_limit() && !IsOwn(*entry)) return entry;
  }
  return nullptr;
}

const RowResult::Entry* FindSystem(const RowResult& row, absl::string_view system) {
  for (const RowResult::Entry& entry : row.entries()) {
    if (entry.metrics_size() != 0 && entry.system() == system) return &entry;
  }
  return nullptr;
}

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

}  // namespace

double Median(std::vector<double> samples) {
  return samples.empty() ? 0 : Quantile(std::move(samples), 0.5);
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

std::string MarkdownTables(const Results& results, absl::string_view pictures) {
  std::string text = absl::StrCat(
      "Measured ", results.date(), " at ", results.commit(), ", ", results.rounds(), " rounds: `",
      results.command(), "`, on ", results.processor(), ", Linux ", results.kernel(), "; ",
      results.placement(), ".\n\n| system | what was used |\n| --- | --- |\n");
  for (const System& system : results.systems()) {
    absl::StrAppend(
        &text, "| ", system.name(), " | ", system.describe(),
        system.unavailable().empty() ? "" : absl::StrCat("; not measured: ", system.unavailable()),
        " |\n");
  }
  for (const RowResult& row : results.rows()) absl::StrAppend(&text, "\n", Table(row, pictures));
  return text;
}

std::string SummaryTable(const Results& results, const std::vector<std::string>& ids) {
  std::string table =
      "| | limit | **ipmpsc** | best peer | crate ipmpsc | unix stream socket |\n"
      "| --- | --- | --- | --- | --- | --- |\n";
  for (const std::string& id : ids) {
    for (const RowResult& row : results.rows()) {
      if (row.id() != id) continue;
      const auto figure = [&row](const RowResult::Entry* entry) {
        return entry == nullptr ? "-" : FormatFigure(FigureOf(*entry), row.unit());
      };
      const RowResult::Entry* const peer = BestPeer(row);
      absl::StrAppend(&table, "| ", row.title(), " | ", figure(Find(row, /*limit=*/true)), " | **",
                      figure(Find(row, /*limit=*/false)), "** | ", figure(peer),
                      peer == nullptr ? "" : absl::StrCat(", ", peer->system()), " | ",
                      figure(FindSystem(row, "crate ipmpsc")), " | ",
                      figure(FindSystem(row, "unix stream socket")), " |\n");
    }
  }
  return table;
}

std::string BarChart(const RowResult& row) {
  constexpr int kLeft = 250;
  constexpr int kWidth = 420;
  constexpr int kBar = 22;
  constexpr int kTop = 44;
  const std::vector<const RowResult::Entry*> entries = BestFirst(row);
  if (entries.empty()) return "";
  double most = 0;
  for (const RowResult::Entry* entry : entries) most = std::max(most, FigureOf(*entry));
  if (most == 0) return "";
  const int height = kTop + kBar * static_cast<int>(entries.size()) + 12;
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
      "font-size=\"13\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
      "<text x=\"12\" y=\"18\" font-size=\"15\">%s</text>\n"
      "<text x=\"12\" y=\"35\" fill=\"#666\">%s</text>\n",
      kLeft + kWidth + 130, height, Escape(row.title()),
      row.more_is_better() ? "more is better" : "less is better");
  int y = kTop;
  for (const RowResult::Entry* entry : entries) {
    const double figure = FigureOf(*entry);
    // Keeps the shortest bar visible.
    const double width = std::max(1.0, kWidth * figure / most);
    const char* const colour = entry->is_limit() ? "#bbbbbb"
                               : IsOwn(*entry)   ? "#1a73e8"
                                                 : "#9db8d9";
    absl::StrAppendFormat(&svg,
                          "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>"
                          "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>"
                          "<text x=\"%.1f\" y=\"%d\">%s</text>\n",
                          kLeft - 8, y + 15, Escape(entry->system()), kLeft, y + 2, width, kBar - 5,
                          colour, kLeft + width + 6, y + 15, FormatFigure(figure, row.unit()));
    y += kBar;
  }
  return svg + "</svg>\n";
}

}  // namespace ipmpsc::benchmarks
