// ipmpsc record: writes the messages of channels into MCAP files, without taking part.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/tap.h"
#include "recording/file_sequence.h"
#include "recording/post_mortem_recorder.h"
#include "recording/recorder.h"

namespace ipmpsc::cli {
namespace {

using recording::PostMortemRecording;
using recording::RecordedChannel;
using recording::Recorder;
using recording::RecorderOptions;
using recording::RecorderProgress;

struct RecordOptions {
  std::vector<std::string> channels;
  RecorderOptions recorder;
  std::string trigger = "signal";
  absl::Duration wait = absl::ZeroDuration();
  absl::Duration duration = absl::InfiniteDuration();
  bool post_mortem = false;
  bool strict = false;
  bool json = false;
};

constexpr absl::Duration kProgressInterval = absl::Seconds(1);
// Messages of the trigger's channel that are taken at once.
constexpr int kMostTriggers = 1024;

volatile sig_atomic_t trigger_requested = 0;

// The event that makes a recorder write its window.
class TriggerSource {
 public:
  // Errors: kInvalidArgument - `text` is none of the forms; errors of the channel.
  static absl::StatusOr<TriggerSource> Of(absl::string_view text) {
    TriggerSource source;
    if (text == "signal") {
      struct sigaction action = {};
      action.sa_handler = [](int) { trigger_requested = 1; };
      sigaction(SIGUSR1, &action, nullptr);
      return source;
    }
    if (absl::ConsumePrefix(&text, "file:") && !text.empty()) {
      source.file_ = std::string(text);
      source.file_time_ = source.FileTime();
      return source;
    }
    if (absl::ConsumePrefix(&text, "message:") && !text.empty()) {
      absl::StatusOr<Tap> tap = Tap::Open(FindChannel(text));
      if (!tap.ok()) return tap.status();
      source.tap_.emplace(*std::move(tap));
      return source;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("--trigger: '", text, "' is neither signal, file:PATH nor message:CHANNEL"));
  }

  // Whether the event has happened since the last call.
  bool Happened() {
    bool happened = false;
    // Cleared only if it is set: a signal may come between the look and the next line.
    if (trigger_requested != 0) {
      trigger_requested = 0;
      happened = true;
    }
    if (!file_.empty()) {
      const int64_t time = FileTime();
      happened = happened || (time != 0 && time != file_time_);
      file_time_ = time;
    }
    // Bounded, since senders may be as fast as this loop while nothing is recorded.
    for (int i = 0; i < kMostTriggers && tap_ && tap_->TryNext().ok(); ++i) happened = true;
    return happened;
  }

 private:
  // When the file was last written, in nanoseconds; 0 if there is none.
  int64_t FileTime() const {
    struct stat file;
    if (stat(file_.c_str(), &file) != 0) return 0;
    return file.st_mtim.tv_sec * int64_t{1000000000} + file.st_mtim.tv_nsec;
  }

  std::string file_;
  int64_t file_time_ = 0;
  std::optional<Tap> tap_;
};

Json ChannelJson(const RecordedChannel& channel) {
  return {{"path", channel.path},
          {"messages", channel.messages},
          {"bytes", channel.bytes},
          {"lost_bytes", channel.loss.bytes},
          {"lost_messages", channel.loss.messages},
          {"lost_messages_are_exact", channel.loss.messages_are_exact},
          {"end", channel.end}};
}

void PrintProgressJson(const char* kind, const RecorderProgress& progress, absl::Duration elapsed) {
  Json channels = Json::array();
  for (const RecordedChannel& channel : progress.channels) channels.push_back(ChannelJson(channel));
  PrintJson({{"kind", kind},
             {"elapsed_seconds", absl::ToDoubleSeconds(elapsed)},
             {"written_messages", progress.written_messages},
             {"written_bytes", progress.written_bytes},
             {"file_bytes", progress.file_bytes},
             {"queued_bytes", progress.queued_bytes},
             {"window_bytes", progress.window_bytes},
             {"window_dropped_messages", progress.window_dropped_messages},
             {"triggers", progress.triggers},
             {"files", progress.files},
             {"channels", std::move(channels)}});
}

uint64_t LostBytes(const RecorderProgress& progress) {
  uint64_t bytes = 0;
  for (const RecordedChannel& channel : progress.channels) bytes += channel.loss.bytes;
  return bytes;
}

std::string ProgressLine(const RecorderProgress& progress, absl::Duration elapsed) {
  std::string line =
      absl::StrCat(DurationText(elapsed), "  ", CountText(progress.written_messages), " messages  ",
                   BytesText(static_cast<double>(progress.written_bytes)), "  in files ",
                   BytesText(static_cast<double>(progress.file_bytes)));
  if (progress.window_bytes > 0)
    absl::StrAppend(&line, "  window ", BytesText(static_cast<double>(progress.window_bytes)));
  if (const uint64_t lost = LostBytes(progress); lost > 0)
    absl::StrAppend(&line, "  LOST ", BytesText(static_cast<double>(lost)));
  return line;
}

// Shows the progress once a second: a line that is overwritten on a terminal, or JSON.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(bool json) : json_(json), is_terminal_(isatty(STDERR_FILENO) != 0) {}

  void Update(const RecorderProgress& progress) {
    const absl::Time now = absl::Now();
    if (now - shown_ < kProgressInterval) return;
    shown_ = now;
    if (json_) {
      PrintProgressJson("progress", progress, elapsed());
    } else if (is_terminal_) {
      std::fprintf(stderr, "\r\x1b[K%s", ProgressLine(progress, elapsed()).c_str());
      std::fflush(stderr);
    }
  }

  void End() const {
    if (!json_ && is_terminal_) std::fprintf(stderr, "\r\x1b[K");
  }

  absl::Duration elapsed() const { return absl::Now() - start_; }

 private:
  const bool json_;
  const bool is_terminal_;
  const absl::Time start_ = absl::Now();
  absl::Time shown_ = start_;
};

void PrintSummary(const RecorderProgress& progress, absl::Duration elapsed) {
  Table table({{"CHANNEL"}, {"MESSAGES", true}, {"BYTES", true}, {"LOST", true}, {"END"}});
  for (const RecordedChannel& channel : progress.channels) {
    table.Add({Printable(channel.path), CountText(channel.messages),
               BytesText(static_cast<double>(channel.bytes)),
               channel.loss.bytes == 0
                   ? "0"
                   : absl::StrCat(channel.loss.messages_are_exact ? "" : "about ",
                                  CountText(channel.loss.messages), " (",
                                  BytesText(static_cast<double>(channel.loss.bytes)), ")"),
               Printable(channel.end)});
  }
  Print(table.Text());
  Print(absl::StrCat("wrote ", CountText(progress.written_messages), " messages, ",
                     BytesText(static_cast<double>(progress.file_bytes)), " in ",
                     DurationText(elapsed), ": ",
                     progress.files.empty() ? "no file, as there was no trigger"
                                            : Printable(absl::StrJoin(progress.files, " ")),
                     "\n"));
}

ExitStatus RecordDead(const RecordOptions& options) {
  const absl::StatusOr<PostMortemRecording> recorded =
      recording::RecordPostMortem(options.recorder.channels, options.recorder.files);
  if (!recorded.ok()) {
    if (absl::IsFailedPrecondition(recorded.status())) {
      return Fail(kFailed,
                  absl::StrCat(recorded.status().message(), "; record without --post-mortem"));
    }
    return absl::IsAlreadyExists(recorded.status())
               ? Fail(kFailed, absl::StrCat(recorded.status().message(), " (--overwrite)"))
               : Fail(recorded.status());
  }
  ExitStatus status = kSuccess;
  Json channels = Json::array();
  Table table(
      {{"CHANNEL"}, {"MESSAGES", true}, {"RELEASED", true}, {"ORPHANS", true}, {"BYTES", true}});
  for (const recording::PostMortemChannel& channel : recorded->channels) {
    if (!channel.damage.empty())
      status = Fail(kDamaged, absl::StrCat(Printable(channel.path), ": ", channel.damage));
    channels.push_back({{"path", channel.path},
                        {"messages", channel.messages},
                        {"released_messages", channel.released},
                        {"orphans", channel.orphans},
                        {"bytes", channel.bytes},
                        {"damage", channel.damage}});
    table.Add({Printable(channel.path), CountText(channel.messages), CountText(channel.released),
               CountText(channel.orphans), BytesText(static_cast<double>(channel.bytes))});
  }
  if (options.json) {
    PrintJson({{"kind", "post_mortem"},
               {"file_bytes", recorded->file_bytes},
               {"files", recorded->files},
               {"channels", std::move(channels)}});
  } else {
    Print(table.Text());
    Print(absl::StrCat("wrote ", BytesText(static_cast<double>(recorded->file_bytes)), ": ",
                       Printable(absl::StrJoin(recorded->files, " ")), "\n"));
  }
  return status;
}

// Waits until all channels exist.
absl::Status AwaitChannels(const RecordOptions& options) {
  const Deadline deadline = options.wait;
  for (const std::string& path : options.recorder.channels) {
    const absl::StatusOr<Channel> channel = options.wait > absl::ZeroDuration()
                                                ? AwaitToLook(path, deadline)
                                                : Channel::OpenReadOnly(path);
    if (!channel.ok()) return channel.status();
  }
  return absl::OkStatus();
}

ExitStatus RecordMessages(RecordOptions& options) {
  StopOnSignals();
  for (const std::string& channel : options.channels)
    options.recorder.channels.push_back(FindChannel(channel));
  if (options.post_mortem) return RecordDead(options);
  if (absl::Status status = AwaitChannels(options); !status.ok())
    return absl::IsCancelled(status) ? kSuccess : Fail(status);
  const bool has_window = options.recorder.before > absl::ZeroDuration();
  std::optional<TriggerSource> trigger;
  if (has_window) {
    absl::StatusOr<TriggerSource> source = TriggerSource::Of(options.trigger);
    if (absl::IsInvalidArgument(source.status())) return Fail(kUsage, source.status().message());
    if (!source.ok()) return Fail(source.status());
    trigger.emplace(*std::move(source));
  }
  absl::StatusOr<std::unique_ptr<Recorder>> recorder = Recorder::Start(options.recorder);
  if (absl::IsAlreadyExists(recorder.status()))
    return Fail(kFailed, absl::StrCat(recorder.status().message(), " (--overwrite)"));
  if (absl::IsInvalidArgument(recorder.status())) return Fail(kUsage, recorder.status().message());
  // The channels were there: what is not found is the folder of the file.
  if (!recorder.ok()) return Fail(kFailed, recorder.status().message());

  ProgressDisplay display(options.json);
  const Deadline end = options.duration;
  absl::Status status;
  while (status.ok() && !StopRequested() && !end.Passed()) {
    status = (*recorder)->Run(kLookForStop);
    if (trigger && trigger->Happened()) (*recorder)->Trigger();
    display.Update((*recorder)->progress());
  }
  if (absl::IsOutOfRange(status)) status = absl::OkStatus();
  if (status.ok()) status = (*recorder)->Finish();
  display.End();
  const RecorderProgress progress = (*recorder)->progress();
  if (options.json) {
    PrintProgressJson("end", progress, display.elapsed());
  } else {
    PrintSummary(progress, display.elapsed());
  }
  if (!status.ok()) return Fail(kFailed, status.message());
  for (const RecordedChannel& channel : progress.channels) {
    if (channel.damaged)
      return Fail(kDamaged, absl::StrCat(Printable(channel.path), ": ", channel.end));
  }
  if (options.strict && (LostBytes(progress) > 0 || progress.window_dropped_messages > 0))
    return Fail(kLoss, "messages were lost; give the channel a larger capacity");
  return kSuccess;
}

}  // namespace

void AddRecord(Program& program) {
  const auto options = std::make_shared<RecordOptions>();
  RecorderOptions* const recorder = &options->recorder;
  CLI::App* const verb = program.AddVerb(
      "record", "Records channels into an MCAP file, without taking part.",
      "  ipmpsc record quotes trades -o day.mcap\n"
      "  ipmpsc record camera.frames -o camera.mcap --split-size 1GiB\n"
      "  ipmpsc record quotes -o incident.mcap --before 10s --after 5s --trigger signal\n"
      "  ipmpsc record quotes -o crash.mcap --post-mortem\n",
      [options] { return RecordMessages(*options); });
  verb->add_option("CHANNEL", options->channels,
                   "paths of channels, or their names, which are looked for in the folder "
                   "$IPMPSC_DIR, in /dev/shm and in the current folder")
      ->required();
  verb->add_option("--output,-o", recorder->files.path, "the file to write")
      ->required()
      ->type_name("FILE");
  CLI::Option* const post_mortem =
      verb->add_flag("--post-mortem", options->post_mortem,
                     "record what dead programs left: messages that were received and are not "
                     "overwritten, and those that were not received");
  verb->add_option("--from", recorder->start,
                   "begin with: kept, the last three quarters of the ring (default); oldest, the "
                   "oldest message that is not released; now, what is sent from now on")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, TapStart>{{"now", TapStart::kNow},
                                                      {"oldest", TapStart::kOldestUnreleased},
                                                      {"kept", TapStart::kOldestKept}})
                      .description(""))
      ->type_name("kept|oldest|now")
      ->excludes(post_mortem);
  CLI::Option* const before =
      AddDurationOption(verb, "--before", &recorder->before,
                        "keep the messages of so much time in memory, and write them with what "
                        "follows at a trigger")
          ->excludes(post_mortem);
  verb->add_option("--trigger", options->trigger,
                   "signal (default): SIGUSR1; file:PATH: the file is written; message:CHANNEL: a "
                   "message is sent into the channel")
      ->type_name("EVENT")
      ->needs(before);
  AddDurationOption(verb, "--after", &recorder->after,
                    "write for so long after a trigger, then keep a window again; the next trigger "
                    "begins a new file (default: inf)")
      ->needs(before);
  AddBytesOption(verb, "--window-memory", &recorder->window_bytes,
                 "the most memory for the window (default: 1GiB)")
      ->needs(before);
  AddBytesOption(verb, "--split-size", &recorder->files.split_bytes,
                 "begin a new file, FILE-0001, FILE-0002..., when one has this size");
  AddDurationOption(verb, "--split-time", &recorder->files.split_time,
                    "begin a new file when one spans so much time");
  verb->add_option("--compression", recorder->files.writer.compression_level,
                   "the level of zstd: 0 for none, 1 (default) to 19")
      ->check(CLI::Range(0, 19).description(""))
      ->type_name("LEVEL");
  verb->add_flag("--overwrite", recorder->files.writer.overwrite, "replace a file that exists");
  verb->add_flag("--follow,-F", recorder->follow, "wait for a new channel when one has ended")
      ->excludes(post_mortem);
  AddDurationOption(verb, "--wait", &options->wait,
                    "the longest wait for the channels to be created (default: 0)");
  AddDurationOption(verb, "--duration", &options->duration, "end after so long");
  verb->add_flag("--strict", options->strict, "end with status 6 if messages were lost");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
