#include "cli/verb.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cli/output.h"

namespace ipmpsc::cli {
namespace {

std::string& VerbName() {
  static auto* const name = new std::string;
  return *name;
}

volatile sig_atomic_t stop_requested = 0;

constexpr char kSharedMemory[] = "/dev/shm";

// Returns the duration that `text` describes, or a negative one.
absl::Duration ParseDuration(const std::string& text) {
  double seconds;
  if (absl::SimpleAtod(text, &seconds)) return absl::Seconds(seconds);
  absl::Duration duration;
  return absl::ParseDuration(text, &duration) ? duration : -absl::InfiniteDuration();
}

}  // namespace

CLI::App* Program::AddVerb(const std::string& name, const std::string& summary,
                           const std::string& examples, Run run) {
  CLI::App* const verb = app_->add_subcommand(name, summary);
  if (!examples.empty()) verb->footer("Examples:\n" + examples);
  verb->callback([this, name, run = std::move(run)] {
    VerbName() = name;
    exit_status_ = run();
  });
  return verb;
}

CLI::Option* AddChannelArgument(CLI::App* verb, std::string* channel) {
  return verb
      ->add_option(
          "CHANNEL", *channel,
          "path of a channel; or its name, which is looked for in $IPMPSC_DIR, in /dev/shm and in "
          "the current folder")
      ->required();
}

CLI::Option* AddJsonFlag(CLI::App* verb, bool* json) {
  return verb->add_flag("--json", *json, "print JSON, one object a line");
}

CLI::Option* AddDurationOption(CLI::App* verb, const std::string& name, absl::Duration* value,
                               const std::string& help) {
  return verb
      ->add_option(
          name,
          [value](const CLI::results_t& texts) {
            *value = ParseDuration(texts[0]);
            return true;
          },
          help)
      ->type_name("DURATION")
      ->check([](const std::string& text) {
        return ParseDuration(text) >= absl::ZeroDuration()
                   ? std::string()
                   : absl::StrCat("'", text, "' is no duration; write 1.5s, 200ms, 2m or inf");
      });
}

CLI::Option* AddBytesOption(CLI::App* verb, const std::string& name, uint64_t* value,
                            const std::string& help) {
  return verb->add_option(name, *value, help)
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false).description(""))
      // Comes before the other: CLI11 would take -1 for a very large number.
      ->transform([](const std::string& text) -> std::string {
        if (!text.empty() && text[0] != '-') return text;
        throw CLI::ValidationError(absl::StrCat("'", text, "' is no number of bytes"));
      })
      ->type_name("BYTES");
}

std::vector<std::string> ChannelFolders() {
  std::vector<std::string> folders;
  const char* const variable = std::getenv("IPMPSC_DIR");
  if (variable != nullptr && *variable != '\0') folders.emplace_back(variable);
  if (folders.empty() || absl::StripSuffix(folders[0], "/") != kSharedMemory) {
    folders.emplace_back(kSharedMemory);
  }
  return folders;
}

std::string FindChannel(absl::string_view channel) {
  if (channel.empty() || absl::StrContains(channel, '/')) return std::string(channel);
  const std::vector<std::string> folders = ChannelFolders();
  for (const std::string& folder : folders) {
    std::string path = absl::StrCat(folder, "/", channel);
    if (access(path.c_str(), F_OK) == 0) return path;
  }
  if (access(std::string(channel).c_str(), F_OK) == 0) return std::string(channel);
  return absl::StrCat(folders[0], "/", channel);
}

absl::StatusOr<Channel> OpenToLook(absl::string_view channel) {
  return Channel::OpenReadOnly(FindChannel(channel));
}

absl::StatusOr<Channel> AwaitToLook(const std::string& path, Deadline deadline) {
  for (;;) {
    absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
    if (!absl::IsNotFound(channel.status())) return channel;
    if (StopRequested()) return absl::CancelledError();
    if (deadline.Passed()) {
      return absl::DeadlineExceededError(absl::StrCat(
          path,
          ": no channel was created in time; start the program that creates it, or wait "
          "longer"));
    }
    absl::SleepFor(kLookForStop);
  }
}

void Complain(absl::string_view text) {
  std::fflush(stdout);
  const absl::string_view space = VerbName().empty() ? "" : " ";
  const std::string line = absl::StrCat("ipmpsc", space, VerbName(), ": ", Printable(text), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

ExitStatus Fail(ExitStatus status, absl::string_view text) {
  Complain(text);
  return status;
}

ExitStatus Fail(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return Fail(kNoChannel, absl::StrCat(status.message(), "; `ipmpsc ls` lists the channels"));
    case absl::StatusCode::kInvalidArgument:
      return Fail(kNoChannel, status.message());
    case absl::StatusCode::kDataLoss:
      return Fail(kDamaged, status.message());
    case absl::StatusCode::kDeadlineExceeded:
      return Fail(kTimeout, status.message());
    default:
      return Fail(kFailed, status.message());
  }
}

void StopOnSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = 1; };
  // Goes on with a write that the signal interrupts: a failed one would count as an output that is
  // gone. The second signal ends the process, should the reader of the output have stopped.
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool StopRequested() { return stop_requested != 0; }

bool SleepUntil(absl::Time end) {
  while (!StopRequested()) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return true;
    absl::SleepFor(std::min(kLookForStop, left));
  }
  return false;
}

}  // namespace ipmpsc::cli
