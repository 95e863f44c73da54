#include "benchmarks/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "benchmarks/figures.h"

namespace ipmpsc::benchmarks {
namespace {

// Returns the median over the rounds of value / base.
std::string RatioText(const RowResult::Entry& value, const RowResult::Entry& base) {
  const double ratio = Median(RoundRatios(value.metrics(0), base.metrics(0)));
  // The base may be 0.
  return std::isfinite(ratio) ? absl::StrFormat("%.2f", ratio) : "-";
}

std::string Table(const RowResult& row, absl::string_view pictures) {
  const RowResult::Entry* const limit = FindLimit(row);
  const RowResult::Entry* const own = FindOwn(row);
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

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

}  // namespace

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
      absl::StrAppend(&table, "| ", row.title(), " | ", figure(FindLimit(row)), " | **",
                      figure(FindOwn(row)), "** | ", figure(peer),
                      peer == nullptr ? "" : absl::StrCat(", ", peer->system()), " | ",
                      figure(FindSystem(row, "crate ipmpsc")), " | ",
                      figure(FindSystem(row, "unix stream socket")), " |\n");
    }
  }
  return table;
}

std::string BarChart(const RowResult& row) {
  constexpr int kLeastLeft = 250;
  constexpr int kCharacter = 7;  // the most that one takes on average
  constexpr int kWidth = 420;
  constexpr int kBar = 22;
  constexpr int kTop = 44;
  const std::vector<const RowResult::Entry*> entries = BestFirst(row);
  if (entries.empty()) return "";
  double most = 0;
  int left = kLeastLeft;
  for (const RowResult::Entry* entry : entries) {
    most = std::max(most, FigureOf(*entry));
    left = std::max(left, 20 + kCharacter * static_cast<int>(entry->system().size()));
  }
  if (most == 0) return "";
  const int height = kTop + kBar * static_cast<int>(entries.size()) + 12;
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
      "font-size=\"13\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
      "<text x=\"12\" y=\"18\" font-size=\"15\">%s</text>\n"
      "<text x=\"12\" y=\"35\" fill=\"#666\">%s</text>\n",
      left + kWidth + 130, height, Escape(row.title()),
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
                          left - 8, y + 15, Escape(entry->system()), left, y + 2, width, kBar - 5,
                          colour, left + width + 6, y + 15, FormatFigure(figure, row.unit()));
    y += kBar;
  }
  return svg + "</svg>\n";
}

}  // namespace ipmpsc::benchmarks
