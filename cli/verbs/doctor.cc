// ipmpsc doctor: explains in words why a channel is stuck, and what to do.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/monitor/diagnosis.h"
#include "cli/monitor/process_state.h"
#include "cli/output.h"
#include "cli/upkeep/channel_files.h"
#include "cli/upkeep/repair.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/channel.h"

namespace ipmpsc::cli {
namespace {

struct DoctorOptions {
  std::vector<std::string> channels;
  absl::Duration watch = absl::Seconds(1);
  bool repair = false;
  bool json = false;
};

// All knowledge of one channel.
struct Case {
  std::string path;
  absl::StatusOr<Channel> channel = absl::UnknownError("not opened");
  Observation before;
  std::vector<Finding> findings;
  std::string repaired;  // what was done
};

absl::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kProblem:
      return "problem";
    case Severity::kDamage:
      return "damage";
  }
  return "";
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Explains why a channel cannot be opened.
Finding ExplainOpening(const absl::Status& status) {
  Finding finding;
  finding.severity = absl::IsDataLoss(status) ? Severity::kDamage : Severity::kProblem;
  finding.code = absl::IsDataLoss(status) ? "damaged-file" : "cannot-open";
  finding.text = std::string(status.message());
  switch (status.code()) {
    case absl::StatusCode::kDataLoss:
      finding.advice =
          "stop the programs, then move the file away with `ipmpsc doctor --repair`; the programs "
          "create the channel anew";
      break;
    case absl::StatusCode::kFailedPrecondition:
      finding.advice = "look with the command of the version that created it, or remove the file";
      break;
    case absl::StatusCode::kPermissionDenied:
      finding.advice = "look as a user who may read the file";
      break;
    default:
      finding.advice = "`ipmpsc ls` lists the channels";
  }
  return finding;
}

// Says what `ipmpsc gc` would remove from the directory, if it would remove anything.
std::optional<Finding> FindLeftovers(const std::string& directory) {
  GarbageOptions options;
  options.dry_run = true;
  std::vector<Garbage> garbage;
  if (!CollectGarbage(directory, options, &garbage).ok() || garbage.empty()) return std::nullopt;
  Finding finding;
  finding.code = "leftovers";
  finding.text =
      absl::StrCat(garbage.size(), garbage.size() == 1 ? " file of " : " files of ",
                   "programs that have died or ended channels that are empty can be removed from ",
                   Printable(directory));
  finding.advice = absl::StrCat("remove them: ipmpsc gc ", Printable(directory));
  return finding;
}

ExitStatus StatusOf(const Case& found) {
  ExitStatus status = kSuccess;
  for (const Finding& finding : found.findings) {
    if (finding.severity == Severity::kDamage) return kDamaged;
    if (finding.severity == Severity::kProblem) status = kFailed;
  }
  if (absl::IsNotFound(found.channel.status()) || absl::IsInvalidArgument(found.channel.status())) {
    return kNoChannel;
  }
  return status;
}

void PrintCase(const Case& found, const DoctorOptions& options) {
  if (options.json) {
    Json findings = Json::array();
    for (const Finding& finding : found.findings) {
      findings.push_back({{"severity", SeverityName(finding.severity)},
                          {"code", finding.code},
                          {"text", finding.text},
                          {"advice", finding.advice}});
    }
    Json object = {{"channel", found.path},
                   {"watched_seconds", absl::ToDoubleSeconds(options.watch)},
                   {"findings", findings}};
    if (!found.repaired.empty()) object["repaired"] = found.repaired;
    PrintJson(object);
    return;
  }
  std::string text = absl::StrCat(Printable(found.path), ":");
  if (found.findings.empty()) absl::StrAppend(&text, " nothing is stuck");
  absl::StrAppend(&text, "\n");
  for (const Finding& finding : found.findings) {
    absl::StrAppend(&text, "  ", SeverityName(finding.severity), " (", finding.code,
                    "): ", Printable(finding.text), "\n");
    if (!finding.advice.empty()) absl::StrAppend(&text, "    -> ", finding.advice, "\n");
  }
  if (!found.repaired.empty()) {
    absl::StrAppend(&text, "  repaired: ", Printable(found.repaired), "\n");
  }
  Print(text);
}

// Repairs what is damaged. Returns the exit status.
ExitStatus RepairCase(Case* found) {
  const ExitStatus status = StatusOf(*found);
  if (status != kDamaged) return status;
  const absl::StatusOr<Repair> repair = RepairChannel(found->path);
  if (!repair.ok()) {
    return Fail(kDamaged, absl::StrCat("not repaired: ", repair.status().message()));
  }
  found->repaired = absl::StrCat(
      repair->recreated ? "a new channel with the same options is in place; the damaged file is "
                        : "the path is free for a new channel; the damaged file is ",
      repair->kept);
  return kSuccess;
}

ExitStatus Doctor(const DoctorOptions& options) {
  std::vector<Case> cases;
  std::vector<std::string> paths;
  for (const std::string& channel : options.channels) paths.push_back(FindChannel(channel));
  if (options.channels.empty()) paths = FindChannels(ChannelFolders());
  for (const std::string& path : paths) {
    Case found;
    found.path = path;
    found.channel = Channel::OpenReadOnly(path);
    if (found.channel.ok()) {
      found.before = Observe(*found.channel);
    } else {
      found.findings.push_back(ExplainOpening(found.channel.status()));
    }
    cases.push_back(std::move(found));
  }
  if (cases.empty()) return Fail(kNoChannel, "there are no channels to look at");
  StopOnSignals();
  SleepUntil(absl::Now() + options.watch);
  ExitStatus worst = kSuccess;
  // By directory: a look through one opens each of its files.
  std::map<std::string, std::optional<Finding>> leftovers;
  for (Case& found : cases) {
    if (found.channel.ok()) {
      found.findings = Diagnose(found.before, Observe(*found.channel), ReadProcessState);
      const std::string directory = DirectoryOf(found.path);
      const auto [looked, is_new] = leftovers.try_emplace(directory);
      if (is_new) looked->second = FindLeftovers(directory);
      if (looked->second.has_value()) found.findings.push_back(*looked->second);
    }
    const ExitStatus status = options.repair ? RepairCase(&found) : StatusOf(found);
    worst = std::max(worst, status);
    PrintCase(found, options);
  }
  return worst;
}

}  // namespace

void AddDoctor(Program& program) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* const verb =
      program.AddVerb("doctor", "Explains why a channel is stuck, and what to do.",
                      "  ipmpsc doctor quotes\n"
                      "  ipmpsc doctor quotes --watch 40s\n"
                      "  ipmpsc doctor --json | jq '.findings[].code'\n"
                      "  ipmpsc doctor quotes --repair\n"
                      "Ends with 0 if nothing is stuck, with 1 if something is, and with 4 if a "
                      "channel is damaged.\n",
                      [options] { return Doctor(*options); });
  verb->add_option("CHANNEL", options->channels,
                   "paths or names of channels; without any, those in $IPMPSC_DIR and /dev/shm");
  AddDurationOption(verb, "--watch", &options->watch,
                    "how long to watch for what does not move (1s)");
  verb->add_flag("--repair", options->repair,
                 "put a new channel in the place of a damaged one that no process uses, and keep "
                 "the damaged file beside it");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
