// ipmpsc gc: removes what dead programs and ended channels left behind.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/output.h"
#include "cli/upkeep/channel_files.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"

namespace ipmpsc::cli {
namespace {

struct GcOptions {
  std::vector<std::string> directories;
  GarbageOptions garbage;
  bool json = false;
};

ExitStatus Gc(const GcOptions& options) {
  ExitStatus worst = kSuccess;
  const std::vector<std::string> directories =
      options.directories.empty() ? ChannelFolders() : options.directories;
  for (const std::string& directory : directories) {
    std::vector<Garbage> garbage;
    const absl::Status status = CollectGarbage(directory, options.garbage, &garbage);
    if (!status.ok()) {
      worst = std::max(worst, Fail(kFailed, status.message()));
      continue;
    }
    for (const Garbage& file : garbage) {
      const bool removed = file.removed.ok() && !options.garbage.dry_run;
      if (options.json) {
        PrintJson({{"channel", file.path}, {"reason", file.reason}, {"removed", removed}});
      } else if (file.removed.ok()) {
        Print(absl::StrCat(removed ? "removed " : "would remove ", Printable(file.path), ": ",
                           file.reason, "\n"));
      }
      if (!file.removed.ok()) worst = std::max(worst, Fail(kFailed, file.removed.message()));
    }
  }
  return worst;
}

}  // namespace

void AddGc(Program& program) {
  const auto options = std::make_shared<GcOptions>();
  CLI::App* const verb = program.AddVerb(
      "gc", "Removes what dead programs and ended channels left behind.",
      "  ipmpsc gc --dry-run\n"
      "  ipmpsc gc /dev/shm --unused --older-than 24h\n"
      "Takes files under the hidden and temporary names of dead creators, and channels that have "
      "ended\nand are empty. Never takes what a process has open. Takes no messages but those in "
      "temporary\nchannels of dead creators.\n",
      [options] { return Gc(*options); });
  verb->add_option("FOLDER", options->directories,
                   "folders to clean; without any, $IPMPSC_DIR and /dev/shm");
  verb->add_flag("--dry-run", options->garbage.dry_run, "only print what would be removed");
  verb->add_flag("--unused", options->garbage.unused,
                 "also take channels that have not ended, if no process has them open and they "
                 "are empty");
  AddDurationOption(verb, "--older-than", &options->garbage.older_than,
                    "only take files that nobody has opened or changed for so long (0)");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
