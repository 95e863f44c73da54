// ipmpsc ls: the channels in folders, and who is alive in each.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/channel_stats_json.h"
#include "cli/channel_type.h"
#include "cli/monitor/diagnosis.h"
#include "cli/output.h"
#include "cli/rates.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {
namespace {

struct LsOptions {
  std::vector<std::string> folders;
  bool json = false;
  bool names = false;
  bool alive = false;
};

// A file that is a channel, whether it can be used or not.
struct Found {
  std::string path;
  absl::StatusOr<Channel> channel;
};

// Adds the channels of the folder. Files that are no channels are left out. Files that may not be
// read are counted.
absl::Status Search(const std::string& folder, std::vector<Found>* found, int* unreadable) {
  std::error_code error;
  std::vector<std::string> paths;
  auto entry = std::filesystem::directory_iterator(folder, error);
  for (const auto end = std::filesystem::directory_iterator(); !error && entry != end;
       entry.increment(error)) {
    std::error_code no_file;
    // Opening a pipe or a device could wait, or have an effect.
    if (!entry->is_regular_file(no_file)) continue;
    // Channels that are being created, and their leftovers.
    if (absl::StartsWith(entry->path().filename().string(), ".ipmpsc-")) continue;
    paths.push_back(entry->path().string());
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat(folder, ": cannot read the folder: ", error.message()));
  }
  std::sort(paths.begin(), paths.end());
  for (std::string& path : paths) {
    absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
    *unreadable += absl::IsPermissionDenied(channel.status());
    if (channel.ok() || absl::IsDataLoss(channel.status()) ||
        absl::IsFailedPrecondition(channel.status())) {
      found->push_back({std::move(path), std::move(channel)});
    }
  }
  return absl::OkStatus();
}

std::string ReceiverText(const ChannelStats& stats) {
  if (!stats.receiver.has_value()) return "never attached";
  const ReceiverStats& receiver = *stats.receiver;
  std::string text = Printable(receiver.name);
  if (receiver.pid != 0) absl::StrAppend(&text, text.empty() ? "" : " ", PidText(receiver));
  if (receiver.liveness == Liveness::kAlive) return text;
  return absl::StrCat(text, text.empty() ? "" : " ", StateName(receiver));
}

std::string SendersText(const ChannelStats& stats) {
  int died = 0;
  for (const SenderStats& sender : stats.senders) died += sender.died();
  return absl::StrCat(stats.attached_senders(), " of ", stats.max_senders,
                      died == 0 ? "" : absl::StrCat(", ", died, " died"));
}

ExitStatus List(const LsOptions& options) {
  std::vector<Found> found;
  int unreadable = 0;
  ExitStatus status = kSuccess;
  for (const std::string& folder : options.folders.empty() ? ChannelFolders() : options.folders) {
    const absl::Status searched = Search(folder, &found, &unreadable);
    if (!searched.ok()) status = Fail(kFailed, searched.message());
  }
  Table table({{"channel"},
               {"message"},
               {"state"},
               {"receiver"},
               {"senders"},
               {"fill", true},
               {"capacity", true},
               {"messages", true}});
  for (const Found& one : found) {
    if (!one.channel.ok()) {
      if (options.alive) continue;  // Nobody can say.
      if (options.names) Print(absl::StrCat(one.path, "\n"));
      if (options.names) continue;
      const std::string state = absl::IsDataLoss(one.channel.status()) ? "damaged" : "unusable";
      Complain(one.channel.status().message());
      if (options.json) {
        PrintJson({{"path", one.path},
                   {"state", state},
                   {"error", std::string(one.channel.status().message())}});
      } else {
        table.Add({Printable(one.path), "", state, "", "", "", "", ""});
      }
      continue;
    }
    const ChannelStats stats = one.channel->Stats();
    if (options.alive && !IsAnyoneAlive(stats)) continue;
    if (options.names) {
      Print(absl::StrCat(one.path, "\n"));
      continue;
    }
    if (options.json) {
      PrintJson(StatsJson(*one.channel, stats));
      continue;
    }
    table.Add({Printable(one.path), ChannelType::TextOf(*one.channel), ChannelStateName(stats),
               ReceiverText(stats), SendersText(stats), BytesText(static_cast<double>(stats.fill)),
               BytesText(static_cast<double>(stats.capacity)),
               CountText(CountersOf(stats).sent_messages)});
  }
  if (!table.empty()) Print(table.Text());
  if (unreadable > 0) {
    Complain(absl::StrCat(CountText(unreadable, "file"), " may not be read by this user"));
  }
  return status;
}

}  // namespace

void AddLs(Program& program) {
  const auto options = std::make_shared<LsOptions>();
  CLI::App* const verb =
      program.AddVerb("ls", "Lists channels, and says who is alive in each.",
                      "  ipmpsc ls\n"
                      "  ipmpsc ls /run/robot --alive\n"
                      "  ipmpsc ls --json | jq -r 'select(.receiver == null).path'\n",
                      [options] { return List(*options); });
  verb->add_option("FOLDER", options->folders,
                   "folders to look in, instead of $IPMPSC_DIR and /dev/shm");
  CLI::Option* const json = AddJsonFlag(verb, &options->json);
  verb->add_flag("--names", options->names, "print the paths only, one a line")->excludes(json);
  verb->add_flag("--alive", options->alive, "only channels in which somebody is attached");
}

}  // namespace ipmpsc::cli
