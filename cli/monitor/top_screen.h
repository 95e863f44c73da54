// TopScreen: the lines that `ipmpsc top` shows. Knows nothing of terminals but their size.
#ifndef IPMPSC_CLI_MONITOR_TOP_SCREEN_H_
#define IPMPSC_CLI_MONITOR_TOP_SCREEN_H_

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/monitor/history.h"

namespace ipmpsc::cli {

enum class LineStyle { kPlain, kTitle, kHeader, kSelected, kAlarm };

struct ScreenLine {
  std::string text;
  LineStyle style = LineStyle::kPlain;
};

struct TopRow {
  std::string name;
  const History* history = nullptr;  // null or empty: see `error`
  std::string error;
};

struct TopView {
  // In cells. Lines are cut at `width`, and rows are left out beyond `height`.
  size_t width = 80;
  size_t height = 24;
  size_t selected = 0;  // the row whose senders are shown
  bool sparklines = true;
  bool ascii = false;  // draws sparklines with ASCII characters
  std::string title;
};

// Returns at most `view.height` lines of at most `view.width` cells.
std::vector<ScreenLine> RenderTop(const std::vector<TopRow>& rows, const TopView& view);

// Draws the last `cells` values as bars, from 0 to `most`. Shorter histories begin with spaces.
// Values out of range, also NaN, are drawn as the nearest bar.
std::string Sparkline(const std::deque<double>& values, size_t cells, double most, bool ascii);

// Returns the first `cells` code points of the text, with an ellipsis if it is longer.
std::string Clip(absl::string_view text, size_t cells);
// Returns the last ones, which tell paths apart.
std::string ClipFront(absl::string_view text, size_t cells);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MONITOR_TOP_SCREEN_H_
