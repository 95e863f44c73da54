// ipmpsc replay: sends the messages of MCAP files into channels.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "recording/replayer.h"

namespace ipmpsc::cli {
namespace {

using recording::ReplayedChannel;
using recording::Replayer;
using recording::ReplayerOptions;
using recording::ReplayerProgress;

struct ReplayOptions {
  ReplayerOptions replayer;
  std::string speed = "1";
  std::vector<std::string> renames;
  bool no_create = false;
  bool json = false;
};

constexpr absl::Duration kProgressInterval = absl::Seconds(1);

// Returns the speed that `text` describes, or 0.
double ParseSpeed(const std::string& text) {
  if (text == "max") return std::numeric_limits<double>::infinity();
  double speed;
  return absl::SimpleAtod(text, &speed) && speed > 0 ? speed : 0;
}

void PrintProgressJson(const char* kind, const ReplayerProgress& progress, absl::Duration elapsed) {
  Json channels = Json::array();
  for (const ReplayedChannel& channel : progress.channels) {
    channels.push_back({{"topic", channel.topic},
                        {"path", channel.path},
                        {"message", channel.message_name},
                        {"created", channel.created},
                        {"sent_messages", channel.messages},
                        {"sent_bytes", channel.bytes},
                        {"dropped_messages", channel.dropped}});
  }
  PrintJson({{"kind", kind},
             {"elapsed_seconds", absl::ToDoubleSeconds(elapsed)},
             {"sent_messages", progress.messages},
             {"sent_bytes", progress.bytes},
             {"dropped_messages", progress.dropped},
             {"loop", progress.loop},
             {"file", progress.file},
             {"file_offset_bytes", progress.file_offset},
             {"file_bytes", progress.file_size},
             {"recorded_seconds", absl::ToDoubleSeconds(progress.time)},
             {"damages", progress.damages},
             {"damage", progress.damage},
             {"unfinished_files", progress.unfinished},
             {"channels", std::move(channels)}});
}

std::string ProgressLine(const ReplayerProgress& progress) {
  const double percent = progress.file_size == 0
                             ? 0
                             : 100.0 * static_cast<double>(progress.file_offset) /
                                   static_cast<double>(progress.file_size);
  return absl::StrFormat(
      "%s  %.0f %%  at %s  %s messages  %s%s%s", Printable(progress.file), percent,
      DurationText(progress.time), CountText(progress.messages),
      BytesText(static_cast<double>(progress.bytes)),
      progress.dropped > 0 ? absl::StrCat("  ", CountText(progress.dropped), " dropped") : "",
      progress.loop > 1 ? absl::StrCat("  loop ", progress.loop) : "");
}

// Adds the paths of --rename. Errors: kInvalidArgument - one is not of the form OLD=NEW.
absl::Status AddPaths(ReplayOptions& options) {
  for (const std::string& rename : options.renames) {
    const size_t sign = rename.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == rename.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--rename: '", rename, "' is not of the form TOPIC=CHANNEL"));
    }
    options.replayer.paths[rename.substr(0, sign)] = FindChannel(rename.substr(sign + 1));
  }
  return absl::OkStatus();
}

void PrintSummary(const ReplayerProgress& progress, absl::Duration elapsed) {
  Table table(
      {{"TOPIC"}, {"CHANNEL"}, {"TYPE"}, {"MESSAGES", true}, {"BYTES", true}, {"DROPPED", true}});
  for (const ReplayedChannel& channel : progress.channels) {
    table.Add({Printable(channel.topic),
               absl::StrCat(Printable(channel.path), channel.created ? " (new)" : ""),
               channel.message_name.empty() ? "bytes" : Printable(channel.message_name),
               CountText(channel.messages), BytesText(static_cast<double>(channel.bytes)),
               CountText(channel.dropped)});
  }
  Print(table.Text());
  Print(absl::StrCat("sent ", CountText(progress.messages), " messages (",
                     BytesText(static_cast<double>(progress.bytes)), ") in ", DurationText(elapsed),
                     "\n"));
  if (progress.dropped > 0) {
    Print(absl::StrCat("dropped ", CountText(progress.dropped),
                       " messages, for which lossy channels had no space\n"));
  }
}

ExitStatus ReplayMessages(ReplayOptions& options) {
  StopOnSignals();
  ReplayerOptions& replayer_options = options.replayer;
  replayer_options.speed = ParseSpeed(options.speed);
  replayer_options.create = !options.no_create;
  if (replayer_options.directory.empty()) replayer_options.directory = ChannelFolders().front();
  if (absl::Status status = AddPaths(options); !status.ok()) return Fail(kUsage, status.message());
  absl::StatusOr<std::unique_ptr<Replayer>> replayer = Replayer::Open(replayer_options);
  if (!replayer.ok()) return Fail(kUsage, replayer.status().message());

  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  const absl::Time start = absl::Now();
  absl::Time shown = start;
  absl::Status status;
  while (status.ok() && !StopRequested()) {
    status = (*replayer)->Run(kLookForStop);
    if (absl::Now() - shown < kProgressInterval) continue;
    shown = absl::Now();
    if (options.json) {
      PrintProgressJson("progress", (*replayer)->progress(), shown - start);
    } else if (is_terminal) {
      std::fprintf(stderr, "\r\x1b[K%s", ProgressLine((*replayer)->progress()).c_str());
      std::fflush(stderr);
    }
  }
  if (!options.json && is_terminal) std::fprintf(stderr, "\r\x1b[K");
  const ReplayerProgress progress = (*replayer)->progress();
  if (options.json) {
    PrintProgressJson("end", progress, absl::Now() - start);
  } else {
    PrintSummary(progress, absl::Now() - start);
  }
  for (const std::string& file : progress.unfinished) {
    Complain(absl::StrCat(Printable(file),
                          ": the file has no end, since its recorder was killed or still writes; "
                          "everything up to its last chunk was sent"));
  }
  if (!status.ok() && !absl::IsOutOfRange(status)) {
    if (absl::IsInvalidArgument(status)) return Fail(kFailed, status.message());
    return Fail(status);
  }
  if (progress.damages > 0) {
    return Fail(kDamaged, absl::StrCat(CountText(progress.damages),
                                       " damaged parts were left out; the first: ",
                                       Printable(progress.damage)));
  }
  return kSuccess;
}

}  // namespace

void AddReplay(Program& program) {
  const auto options = std::make_shared<ReplayOptions>();
  ReplayerOptions* const replayer = &options->replayer;
  replayer->directory.clear();
  CLI::App* const verb =
      program.AddVerb("replay", "Sends the messages of MCAP files into channels.",
                      "  ipmpsc replay day.mcap\n"
                      "  ipmpsc replay day.mcap --speed max --rename /dev/shm/quotes=copy\n"
                      "  ipmpsc replay incident.mcap --from 8s --until 12s --speed 0.1 --loop 0\n",
                      [options] { return ReplayMessages(*options); });
  verb->add_option("FILE", replayer->files, "recordings, which are replayed one after the other")
      ->required();
  verb->add_option("--speed", options->speed, "2: twice as fast; max: without pauses (default: 1)")
      ->type_name("SPEED")
      ->check([](const std::string& text) {
        return ParseSpeed(text) > 0 ? std::string()
                                    : absl::StrCat("'", text, "' is no speed; write 0.5, 2 or max");
      });
  verb->add_option("--loop", replayer->loops, "replay so many times; 0: without end (default: 1)")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  AddDurationOption(verb, "--from", &replayer->from,
                    "begin so long after the first message (default: 0)");
  AddDurationOption(verb, "--until", &replayer->until,
                    "end so long after the first message (default: inf)");
  verb->add_option("--topic", replayer->topics, "replay this topic only; may be repeated")
      ->type_name("TOPIC")
      ->expected(1)
      ->take_all();
  verb->add_option("--rename", options->renames,
                   "send a topic into another channel; may be repeated")
      ->type_name("TOPIC=CHANNEL")
      ->expected(1)
      ->take_all();
  verb->add_option("--directory", replayer->directory,
                   "the folder of the other topics' channels, which have the last part of the "
                   "recorded path as their name (default: $IPMPSC_DIR, or else /dev/shm)")
      ->type_name("FOLDER");
  verb->add_flag("--no-create", options->no_create,
                 "end with status 3 if a channel does not exist, instead of creating it as it was "
                 "recorded");
  AddBytesOption(verb, "--capacity", &replayer->capacity,
                 "the capacity of channels that are created (default: as recorded)");
  verb->add_flag("--any-type", replayer->any_type,
                 "send into channels of another message type, too");
  AddDurationOption(verb, "--wait", &replayer->receiver_timeout,
                    "wait so long for a receiver before the first message of a channel (default: "
                    "0)");
  AddDurationOption(verb, "--timeout", &replayer->timeout,
                    "the longest wait for space; then it ends with status 5 (default: 10s)");
  verb->add_flag("--close", replayer->close, "close the channels at the end");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
