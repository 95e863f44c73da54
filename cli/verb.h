// Helpers of all verbs of the command `ipmpsc`: how one is added, options, errors, exit statuses.
//
// A verb is one file in cli/verbs. It defines a function that cli/verbs/verbs.h declares and lists:
//
//   void AddPing(Program& program) {
//     const auto options = std::make_shared<PingOptions>();
//     CLI::App* verb = program.AddVerb("ping", "Says whether a receiver is there.",
//                                      "  ipmpsc ping quotes\n",
//                                      [options] { return Ping(*options); });
//     AddChannelArgument(verb, &options->channel);
//     AddJsonFlag(verb, &options->json);
//   }
#ifndef IPMPSC_CLI_VERB_H_
#define IPMPSC_CLI_VERB_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::cli {

// The exit statuses of the program. docs/command.md lists them.
enum ExitStatus : int {
  kSuccess = 0,
  kFailed = 1,     // anything else
  kUsage = 2,      // wrong arguments or wrong input
  kNoChannel = 3,  // there is no channel of this name, or the file is no channel
  kDamaged = 4,    // the channel's words contradict each other, or its file is truncated
  kTimeout = 5,    // --timeout or --wait has passed
  kLoss = 6,       // --strict was given, and messages were lost
};

// The program while its command line is described.
class Program {
 public:
  // The exit status of a verb, once it has run.
  using Run = std::function<ExitStatus()>;

  // `app` and `*this` outlive the run of the verb.
  explicit Program(CLI::App* app) : app_(app) {}

  // Adds the verb `name`. `summary` is one line, a sentence. `examples` are the command lines that
  // `--help` shows, each on a line that begins with two spaces. `run` is called after the verb's
  // options have been set from the command line.
  CLI::App* AddVerb(const std::string& name, const std::string& summary,
                    const std::string& examples, Run run);

  // The whole command line, for verbs that describe it.
  const CLI::App& app() const { return *app_; }
  // The status of the verb that the command line names.
  ExitStatus exit_status() const { return exit_status_; }

 private:
  CLI::App* app_;
  ExitStatus exit_status_ = kSuccess;
};

// Adds the positional argument CHANNEL: a path, or a name without a slash (`FindChannel`).
CLI::Option* AddChannelArgument(CLI::App* verb, std::string* channel);
// Adds --json.
CLI::Option* AddJsonFlag(CLI::App* verb, bool* json);
// Adds an option whose values are durations that are not negative: 1.5s, 200ms, 2m, inf. A number
// without a unit is in seconds.
CLI::Option* AddDurationOption(CLI::App* verb, const std::string& name, absl::Duration* value,
                               const std::string& help);
// Adds an option whose values are numbers of bytes: 4096, 64KiB, 1MiB, 2G. All units are powers of
// 1024.
CLI::Option* AddBytesOption(CLI::App* verb, const std::string& name, uint64_t* value,
                            const std::string& help);

// Returns the path of a channel. A name without a slash is a file in one of the folders of
// `ChannelFolders()`, or else in the current folder: the first that exists. If there is none, it is
// the first folder's.
std::string FindChannel(absl::string_view channel);

// The folders that channels are looked for in: the one that the environment variable IPMPSC_DIR
// names, and /dev/shm. Each is named once.
std::vector<std::string> ChannelFolders();

// `Channel::OpenReadOnly(FindChannel(channel))`.
absl::StatusOr<Channel> OpenToLook(absl::string_view channel);

// Does so for a path, and waits until a channel is created there.
//
// Errors: as `Channel::OpenReadOnly`; kDeadlineExceeded - no channel was created; kCancelled -
// `StopRequested()`.
absl::StatusOr<Channel> AwaitToLook(const std::string& path, Deadline deadline);

// Prints one line on standard error, which begins with "ipmpsc VERB: ". Escapes what is not
// printable.
void Complain(absl::string_view text);
// Does so and returns `status`.
ExitStatus Fail(ExitStatus status, absl::string_view text);
// Does so for an error of `Channel::Open`, `Tap::Open` and their like, or of an open channel.
ExitStatus Fail(const absl::Status& status);

// Makes the first SIGINT or SIGTERM set `StopRequested()` instead of ending this process. A verb
// that waits calls it, looks at `StopRequested()` every `kLookForStop`, and then prints its
// summary.
void StopOnSignals();
bool StopRequested();
inline constexpr absl::Duration kLookForStop = absl::Milliseconds(50);

// Sleeps until `end`. Returns false as soon as `StopRequested()`.
bool SleepUntil(absl::Time end);

// The shortest `--interval`: a shorter one would keep a processor busy.
inline constexpr absl::Duration kShortestInterval = absl::Milliseconds(10);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_VERB_H_
