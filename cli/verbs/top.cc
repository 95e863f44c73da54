// ipmpsc top: channels and their senders, live.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/channel_stats_json.h"
#include "cli/monitor/history.h"
#include "cli/monitor/top_screen.h"
#include "cli/output.h"
#include "cli/upkeep/channel_files.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/channel.h"

namespace ipmpsc::cli {
namespace {

// The longest sparkline.
constexpr size_t kIntervals = 60;

struct TopOptions {
  std::vector<std::string> places;
  absl::Duration interval = absl::Seconds(1);
  bool once = false;
  bool json = false;
  bool ascii = false;
};

// Looks at all channels again and again.
class Watch {
 public:
  explicit Watch(std::vector<std::string> places) : places_(std::move(places)) {}

  void Look() {
    std::map<std::string, Seen> seen;
    for (const std::string& path : FindChannels(places_)) {
      const auto known = seen_.find(path);
      Seen now = known != seen_.end() ? std::move(known->second) : Seen{};
      const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
      if (channel.ok()) {
        now.history->Add(absl::Now(), channel->Stats());
      } else {
        now = Seen{};
        now.error = std::string(channel.status().message());
      }
      seen.insert_or_assign(path, std::move(now));
    }
    seen_ = std::move(seen);
  }

  std::vector<TopRow> Rows() const {
    std::vector<TopRow> rows;
    for (const auto& [path, seen] : seen_) {
      rows.push_back({Printable(NameOf(path)), seen.history.get(), Printable(seen.error)});
    }
    return rows;
  }

  void PrintAsJson() const {
    for (const auto& [path, seen] : seen_) {
      if (seen.history->empty()) {
        PrintJson({{"channel", path}, {"error", seen.error}});
        continue;
      }
      PrintJson(ChannelJson(path, *seen.history));
    }
  }

 private:
  struct Seen {
    std::unique_ptr<History> history = std::make_unique<History>(kIntervals);
    std::string error;
  };

  // Returns what the user would type: the name alone in a folder that is looked through anyway.
  static absl::string_view NameOf(absl::string_view path) {
    for (const std::string& folder : ChannelFolders()) {
      absl::string_view name = path;
      if (absl::ConsumePrefix(&name, folder) && absl::ConsumePrefix(&name, "/")) return name;
    }
    return path;
  }

  static Json ChannelJson(const std::string& path, const History& history) {
    const ChannelStats& stats = history.latest();
    const ChannelRates& rates = history.rates();
    Json senders = Json::array();
    for (size_t i = 0; i < stats.senders.size() && i < rates.senders.size(); ++i) {
      const SenderStats& sender = stats.senders[i];
      const SenderRates& of_sender = rates.senders[i];
      senders.push_back({{"slot", sender.slot},
                         {"name", sender.name},
                         {"pid", sender.pid},
                         {"state", StateName(sender)},
                         {"sent_messages_per_second", of_sender.messages},
                         {"sent_bytes_per_second", of_sender.bytes},
                         {"full_waits_per_second", of_sender.full_waits},
                         {"waiting_share", of_sender.waiting},
                         {"refused_per_second", of_sender.refused}});
    }
    return {
        {"channel", path},
        {"state", ChannelStateName(stats)},
        {"interval_seconds", absl::ToDoubleSeconds(rates.interval)},
        {"capacity_bytes", stats.capacity},
        {"fill_bytes", stats.fill},
        {"received_messages_per_second", rates.received_messages},
        {"received_bytes_per_second", rates.received_bytes},
        {"sent_messages_per_second", rates.sent_messages},
        {"sent_bytes_per_second", rates.sent_bytes},
        {"full_waits_per_second", rates.full_waits},
        {"refused_per_second", rates.refused},
        {"stalled_seconds", absl::ToDoubleSeconds(history.stalled())},
        {"open_claim_seconds", absl::ToDoubleSeconds(history.claim_open())},
        {"receiver", stats.receiver.has_value() ? StateName(*stats.receiver) : std::string("none")},
        {"receiver_name", stats.receiver.has_value() ? stats.receiver->name : std::string()},
        {"senders", senders}};
  }

  const std::vector<std::string> places_;
  std::map<std::string, Seen> seen_;
};

volatile sig_atomic_t resized = 0;

// The terminal while `top` has it. The destructor gives it back as it was.
class Terminal {
 public:
  Terminal() {
    is_input_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (is_input_) {
      termios keys = before_;
      keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      keys.c_cc[VMIN] = 0;
      keys.c_cc[VTIME] = 0;
      // A stopped program would leave the terminal as it is now.
      keys.c_cc[VSUSP] = _POSIX_VDISABLE;
      tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
    struct sigaction action = {};
    action.sa_handler = [](int) { resized = 1; };
    sigaction(SIGWINCH, &action, nullptr);
    Write("\x1b[?1049h\x1b[?25l");  // the alternate screen, no cursor
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    Write("\x1b[?25h\x1b[?1049l");
    if (is_input_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  static void Measure(TopView* view) {
    winsize size = {};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
      return;
    }
    view->width = size.ws_col;
    view->height = size.ws_row;
  }

  // Returns false if the terminal is gone.
  bool Draw(const std::vector<ScreenLine>& lines) {
    std::string text = "\x1b[H";
    for (size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) absl::StrAppend(&text, "\r\n");
      absl::StrAppend(&text, Escape(lines[i].style), lines[i].text, "\x1b[0m\x1b[K");
    }
    absl::StrAppend(&text, "\x1b[J");
    return Write(text);
  }

  // Waits for keys until `end`, a signal or a change of size. Returns the keys.
  std::string ReadKeys(absl::Time end) const {
    pollfd input = {is_input_ ? STDIN_FILENO : -1, POLLIN, 0};
    while (!StopRequested() && resized == 0) {
      const absl::Duration left = end - absl::Now();
      if (left <= absl::ZeroDuration()) break;
      const int milliseconds =
          static_cast<int>(absl::ToInt64Milliseconds(std::min(left, kLookForStop))) + 1;
      if (poll(&input, 1, milliseconds) <= 0) continue;
      char keys[64];
      const ssize_t size = read(STDIN_FILENO, keys, sizeof(keys));
      if (size <= 0) return "q";  // the terminal is gone
      return std::string(keys, static_cast<size_t>(size));
    }
    return "";
  }

 private:
  static absl::string_view Escape(LineStyle style) {
    switch (style) {
      case LineStyle::kPlain:
        break;
      case LineStyle::kTitle:
        return "\x1b[1m";
      case LineStyle::kHeader:
        return "\x1b[7m";
      case LineStyle::kSelected:
        return "\x1b[1m";
      case LineStyle::kAlarm:
        return "\x1b[31m";
    }
    return "";
  }

  static bool Write(absl::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }

  termios before_ = {};
  bool is_input_ = false;
};

bool IsUtf8Locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string locale = absl::AsciiStrToLower(value);
    return absl::StrContains(locale, "utf-8") || absl::StrContains(locale, "utf8");
  }
  return false;
}

ExitStatus PrintOnce(const TopOptions& options, Watch* watch) {
  watch->Look();
  if (!SleepUntil(absl::Now() + options.interval)) return kSuccess;
  watch->Look();
  if (options.json) {
    watch->PrintAsJson();
    return kSuccess;
  }
  TopView view;
  view.width = 120;
  view.height = 10000;
  view.sparklines = false;
  Terminal::Measure(&view);
  view.height = 10000;
  const std::vector<TopRow> rows = watch->Rows();
  for (const ScreenLine& line : RenderTop(rows, view)) Print(absl::StrCat(line.text, "\n"));
  return kSuccess;
}

ExitStatus PrintLines(const TopOptions& options, Watch* watch) {
  watch->Look();
  while (SleepUntil(absl::Now() + options.interval)) {
    watch->Look();
    watch->PrintAsJson();
  }
  return kSuccess;
}

// Moves the selection as the keys say. Returns false if they end the program. Keys that are pressed
// fast come together.
bool Apply(absl::string_view keys, size_t rows, size_t* selected) {
  while (!keys.empty()) {
    if (absl::ConsumePrefix(&keys, "\x1b[A") || absl::ConsumePrefix(&keys, "\x1bOA") ||
        absl::ConsumePrefix(&keys, "k")) {
      if (*selected > 0) --*selected;
    } else if (absl::ConsumePrefix(&keys, "\x1b[B") || absl::ConsumePrefix(&keys, "\x1bOB") ||
               absl::ConsumePrefix(&keys, "j")) {
      if (*selected + 1 < rows) ++*selected;
    } else if (keys == "\x1b" || absl::StartsWithIgnoreCase(keys, "q")) {
      return false;
    } else if (keys[0] == '\x1b') {
      // Another key: ESC, [ or O, and all up to a letter or ~.
      size_t end = 2;
      while (end < keys.size() && keys[end] < '@') ++end;
      keys.remove_prefix(std::min(end + 1, keys.size()));
    } else {
      keys.remove_prefix(1);
    }
  }
  return true;
}

ExitStatus Show(const TopOptions& options, Watch* watch) {
  Terminal terminal;
  TopView view;
  view.ascii = options.ascii || !IsUtf8Locale();
  absl::Time next = absl::InfinitePast();
  while (!StopRequested()) {
    if (absl::Now() >= next) {
      watch->Look();
      next = absl::Now() + options.interval;
    }
    resized = 0;
    Terminal::Measure(&view);
    const std::vector<TopRow> rows = watch->Rows();
    view.selected = rows.empty() ? 0 : std::min(view.selected, rows.size() - 1);
    view.title = absl::StrCat(
        "ipmpsc top  ", absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()), "  ",
        rows.size(), rows.size() == 1 ? " channel" : " channels", "  every ",
        DurationText(options.interval), "  (q: quit, up and down: choose)");
    if (!terminal.Draw(RenderTop(rows, view))) return kFailed;
    if (!Apply(terminal.ReadKeys(next), rows.size(), &view.selected)) return kSuccess;
  }
  return kSuccess;
}

ExitStatus Top(const TopOptions& options) {
  if (options.interval < kShortestInterval || options.interval > absl::Hours(24)) {
    return Fail(kUsage, "--interval must be between 10ms and 24h");
  }
  std::vector<std::string> places;
  for (const std::string& place : options.places) places.push_back(FindChannel(place));
  if (places.empty()) places = ChannelFolders();
  Watch watch(std::move(places));
  StopOnSignals();
  if (options.once) return PrintOnce(options, &watch);
  if (options.json) return PrintLines(options, &watch);
  if (isatty(STDOUT_FILENO) == 0) {
    return Fail(kUsage, "standard output is no terminal; add --once or --json");
  }
  return Show(options, &watch);
}

}  // namespace

void AddTop(Program& program) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App* const verb =
      program.AddVerb("top", "Shows channels and their senders, live.",
                      "  ipmpsc top\n"
                      "  ipmpsc top quotes /run/robot --interval 200ms\n"
                      "  ipmpsc top --once --json | jq .received_messages_per_second\n",
                      [options] { return Top(*options); });
  verb->add_option("CHANNEL", options->places,
                   "paths or names of channels, and folders whose channels are shown; without any, "
                   "$IPMPSC_DIR and /dev/shm");
  AddDurationOption(verb, "--interval", &options->interval, "between two looks (1s)");
  verb->add_flag("--once", options->once, "measure one interval, print it and end");
  verb->add_flag("--ascii", options->ascii,
                 "draw with ASCII characters, also in a locale with UTF-8");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
