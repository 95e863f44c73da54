// ipmpsc rm: removes channels that no process uses.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "cli/upkeep/channel_files.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"

namespace ipmpsc::cli {
namespace {

struct RmOptions {
  std::vector<std::string> channels;
  bool force = false;
  bool json = false;
};

ExitStatus Rm(const RmOptions& options) {
  ExitStatus worst = kSuccess;
  for (const std::string& channel : options.channels) {
    const std::string path = FindChannel(channel);
    const absl::Status status = RemoveChannel(path, options.force);
    if (options.json) {
      PrintJson(
          {{"channel", path}, {"removed", status.ok()}, {"error", std::string(status.message())}});
    }
    if (!status.ok()) worst = std::max(worst, Fail(status));
  }
  return worst;
}

}  // namespace

void AddRm(Program& program) {
  const auto options = std::make_shared<RmOptions>();
  CLI::App* const verb =
      program.AddVerb("rm", "Removes channels that no process uses.",
                      "  ipmpsc rm quotes\n"
                      "  ipmpsc rm --force /dev/shm/quotes\n"
                      "Keeps a channel that a process has open, or that holds messages, unless "
                      "--force is given.\n",
                      [options] { return Rm(*options); });
  verb->add_option("CHANNEL", options->channels, "paths or names of channels")->required();
  verb->add_flag("--force", options->force,
                 "remove channels that are in use too; their programs continue without noticing, "
                 "and nothing new can attach");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
