#include "cli/monitor/top_screen.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "bridge/end_name.h"
#include "cli/channel_stats_json.h"
#include "cli/monitor/diagnosis.h"
#include "cli/output.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {
namespace {

constexpr int kLevels = 8;
constexpr const char* kBars[kLevels] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr const char* kAsciiBars[kLevels] = {"_", ".", ":", "-", "=", "+", "*", "#"};

// The least time that `top` calls a standstill.
constexpr absl::Duration kStall = absl::Seconds(1);

// Cells of the columns beside the names and the sparklines.
constexpr size_t kNumberCells = 12;
constexpr size_t kBytesCells = 11;
constexpr size_t kFillCells = 6;
constexpr size_t kShortestName = 12;
constexpr size_t kLongestName = 40;
constexpr size_t kLongestSparkline = 30;

// A rate: whole numbers, but small ones with a digit behind the point.
std::string PerSecondText(double rate) {
  if (rate > 0 && rate < 10) return absl::StrFormat("%.1f", rate);
  return CountText(static_cast<uint64_t>(std::min(std::max(rate, 0.0), 1e18)));
}

std::string PercentText(double share) {
  return absl::StrFormat("%.0f %%", 100 * std::min(std::max(share, 0.0), 1.0));
}

std::string Right(absl::string_view text, size_t cells) {
  const size_t width = DisplayWidth(text);
  return absl::StrCat(std::string(width < cells ? cells - width : 0, ' '), text);
}

std::string Left(absl::string_view text, size_t cells) {
  std::string clipped = Clip(text, cells);
  clipped.append(cells - std::min(cells, DisplayWidth(clipped)), ' ');
  return clipped;
}

double Most(const std::deque<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

// Says in few words what keeps the channel from working, or nothing.
std::string Alarm(const History& history) {
  const ChannelStats& stats = history.latest();
  if (stats.damaged) return "damaged";
  if (stats.replaced) return "replaced";
  if (stats.closed) return "closed";
  if (!HasReceiver(stats)) {
    if (stats.fill == 0) return "";
    const bool was_bridge =
        stats.receiver.has_value() && bridge::ParseEndName(stats.receiver->name).has_value();
    return was_bridge ? "no bridge, messages wait" : "no receiver, messages wait";
  }
  if (history.claim_open() >= kStall) {
    return absl::StrCat("sender ", stats.oldest_open_claim->sender, " has an open claim for ",
                        DurationText(history.claim_open()));
  }
  if (history.stalled() >= kStall) {
    return absl::StrCat("nothing released for ", DurationText(history.stalled()));
  }
  return "";
}

// The widths of the columns that depend on the terminal's.
struct Columns {
  size_t name;
  size_t sparkline;  // 0: none
};

Columns Fit(const TopView& view) {
  constexpr size_t kNumbers = 2 * (kNumberCells + 1) + kBytesCells + 1 + kFillCells + 1;
  const size_t room = view.width > kNumbers ? view.width - kNumbers : 0;
  Columns columns = {std::min(std::max(room / 3, kShortestName), kLongestName), 0};
  if (view.sparklines && room > columns.name + 2 * 6) {
    columns.sparkline = std::min((room - columns.name - 2) / 2, kLongestSparkline);
  }
  return columns;
}

ScreenLine Header(const Columns& columns) {
  std::string text =
      absl::StrCat(Left("CHANNEL", columns.name), " ", Right("RECEIVED/s", kNumberCells), " ",
                   Right("BYTES/s", kBytesCells), " ", Right("WAITS/s", kNumberCells), " ",
                   Right("FILL", kFillCells));
  if (columns.sparkline > 0) {
    absl::StrAppend(&text, " ", Left("RECEIVED/s", columns.sparkline), " ",
                    Left("FILL, 0 to 100 %", columns.sparkline));
  }
  return {std::move(text), LineStyle::kHeader};
}

ScreenLine ChannelLine(const TopRow& row, const Columns& columns, const TopView& view,
                       bool selected) {
  std::string text = Left(ClipFront(row.name, columns.name), columns.name);
  if (row.history == nullptr || row.history->empty()) {
    absl::StrAppend(&text, " ", row.error);
    return {std::move(text), LineStyle::kAlarm};
  }
  const History& history = *row.history;
  const ChannelRates& rates = history.rates();
  absl::StrAppend(&text, " ", Right(PerSecondText(rates.received_messages), kNumberCells), " ",
                  Right(BytesText(rates.received_bytes), kBytesCells), " ",
                  Right(PerSecondText(rates.full_waits + rates.refused), kNumberCells), " ",
                  Right(PercentText(history.fill().back()), kFillCells));
  if (columns.sparkline > 0) {
    absl::StrAppend(
        &text, " ",
        Sparkline(history.received(), columns.sparkline, Most(history.received()), view.ascii), " ",
        Sparkline(history.fill(), columns.sparkline, 1, view.ascii));
  }
  return {std::move(text), selected ? LineStyle::kSelected : LineStyle::kPlain};
}

std::string ReceiverText(const ChannelStats& stats) {
  if (!stats.receiver.has_value()) return "never had a receiver";
  const ReceiverStats& receiver = *stats.receiver;
  std::string text = absl::StrCat("receiver ", Printable(receiver.name));
  if (receiver.pid != 0) absl::StrAppend(&text, " (process ", PidText(receiver), ")");
  absl::StrAppend(&text, " ", StateName(receiver));
  switch (receiver.wait) {
    case ReceiverStats::Wait::kNone:
      break;
    case ReceiverStats::Wait::kForClaim:
      absl::StrAppend(&text, ", waits for messages");
      break;
    case ReceiverStats::Wait::kForCommit:
      absl::StrAppend(&text, ", waits for a sender to commit");
      break;
  }
  return text;
}

void AddDetails(const TopRow& row, const TopView& view, std::vector<ScreenLine>* lines) {
  const History& history = *row.history;
  const ChannelStats& stats = history.latest();
  lines->push_back({""});
  std::string space =
      absl::StrCat(ClipFront(row.name, kLongestName), ": ", BytesText(stats.fill), " of ",
                   BytesText(stats.capacity), " in use, at most ", BytesText(stats.high_water));
  std::string receiver = ReceiverText(stats);
  if (DisplayWidth(space) + 2 + DisplayWidth(receiver) <= view.width) {
    lines->push_back({absl::StrCat(space, "; ", receiver)});
  } else {
    // The name of a bridge alone may have 64 characters.
    lines->push_back({std::move(space)});
    lines->push_back({std::move(receiver)});
  }
  Table table({{"SLOT", true},
               {"SENDER"},
               {"PID", true},
               {"STATE"},
               {"SENT/s", true},
               {"BYTES/s", true},
               {"WAITS/s", true},
               {"WAITING", true},
               {"REFUSED/s", true}});
  size_t i = 0;
  for (const SenderStats& sender : stats.senders) {
    const SenderRates rates =
        i < history.rates().senders.size() ? history.rates().senders[i] : SenderRates{};
    ++i;
    table.Add({absl::StrCat(sender.slot), Printable(sender.name), PidText(sender),
               StateName(sender), PerSecondText(rates.messages), BytesText(rates.bytes),
               PerSecondText(rates.full_waits), PercentText(rates.waiting),
               PerSecondText(rates.refused)});
  }
  if (table.empty()) return;
  const std::string text = table.Text();
  LineStyle style = LineStyle::kHeader;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines->push_back({text.substr(begin, end - begin), style});
    style = LineStyle::kPlain;
    begin = end + 1;
  }
}

}  // namespace

std::string Clip(absl::string_view text, size_t cells) {
  size_t count = 0;
  size_t cut = 0;  // where the ellipsis would stand
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (count + 1 == cells) cut = i;
    if (count == cells) return cells == 0 ? "" : absl::StrCat(text.substr(0, cut), "…");
    ++count;
  }
  return std::string(text);
}

std::string ClipFront(absl::string_view text, size_t cells) {
  const size_t width = DisplayWidth(text);
  if (width <= cells) return std::string(text);
  if (cells == 0) return "";
  // Skips what does not fit, and one more for the ellipsis.
  size_t skipped = width - cells + 1;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (skipped == 0) break;
    --skipped;
  }
  return absl::StrCat("…", text.substr(i));
}

std::string Sparkline(const std::deque<double>& values, size_t cells, double most, bool ascii) {
  const size_t shown = std::min(values.size(), cells);
  std::string line(cells - shown, ' ');
  for (size_t i = values.size() - shown; i < values.size(); ++i) {
    const double share = most > 0 ? values[i] / most : 0;
    // A NaN compares as false, so it becomes the lowest bar.
    const int level =
        share > 0 ? static_cast<int>(std::min<double>(kLevels - 1, std::ceil(share * kLevels) - 1))
                  : 0;
    line += (ascii ? kAsciiBars : kBars)[level];
  }
  return line;
}

std::vector<ScreenLine> RenderTop(const std::vector<TopRow>& rows, const TopView& view) {
  const Columns columns = Fit(view);
  std::vector<ScreenLine> lines;
  if (!view.title.empty()) lines.push_back({view.title, LineStyle::kTitle});
  lines.push_back(Header(columns));
  // Half of the screen is for the channels. They scroll with the selection.
  const size_t selected = rows.empty() ? 0 : std::min(view.selected, rows.size() - 1);
  const size_t visible = std::max<size_t>(1, view.height / 2);
  const size_t first = selected < visible ? 0 : selected - visible + 1;
  for (size_t i = first; i < rows.size() && i < first + visible; ++i) {
    lines.push_back(ChannelLine(rows[i], columns, view, i == selected && rows.size() > 1));
    if (rows[i].history == nullptr || rows[i].history->empty()) continue;
    const std::string alarm = Alarm(*rows[i].history);
    if (!alarm.empty()) {
      lines.push_back({absl::StrCat("  ", alarm, "; `ipmpsc doctor` explains"), LineStyle::kAlarm});
    }
  }
  if (rows.empty()) lines.push_back({"no channels"});
  if (!rows.empty() && rows[selected].history != nullptr && !rows[selected].history->empty()) {
    AddDetails(rows[selected], view, &lines);
  }
  if (lines.size() > view.height) lines.resize(view.height);
  for (ScreenLine& line : lines) line.text = Clip(line.text, view.width);
  return lines;
}

}  // namespace ipmpsc::cli
