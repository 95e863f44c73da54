#include "examples/guide/guide.h"

#include <stdlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "examples/command_line.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {

int RunInDirectory(int argc, char** argv, absl::string_view usage,
                   absl::Status (*run)(const std::string& directory)) {
  if (!ParseArguments(argc, argv, usage, {}).empty()) Fail(kBadInput, "this takes no arguments");
  const char* const base = getenv("IPMPSC_DIR");
  std::string directory =
      absl::StrCat(base == nullptr || *base == '\0' ? "/dev/shm" : base, "/guide-XXXXXX");
  if (mkdtemp(&directory[0]) == nullptr) {
    Fail(kBadInput, absl::StrCat("cannot create the directory ", directory, ": ",
                                 std::strerror(errno), "; set IPMPSC_DIR to another place"));
  }
  const absl::Status done = run(directory);
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  if (done.ok()) return 0;
  Complain(done.ToString());
  return kFault;
}

absl::Status Join(Process process) {
  Wait(&process);
  if (process.ended_well()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the process ", process.name, " ", process.Ending()));
}

void Report(absl::string_view text, uint64_t count) {
  const std::string line = absl::StrCat(text, " ", count, "\n");
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

std::string Numbered(uint64_t number) { return absl::StrCat("number ", number); }

uint64_t NumberOf(absl::string_view payload) {
  uint64_t number;
  return absl::ConsumePrefix(&payload, "number ") && absl::SimpleAtoi(payload, &number)
             ? number
             : ~uint64_t{0};
}

absl::Status SendNumbers(const std::string& path, uint64_t first, uint64_t last) {
  const absl::StatusOr<Channel> channel = Channel::Open(path, {kPatience});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  for (uint64_t number = first; number <= last; ++number) {
    const absl::Status sent = sender->Send(Numbered(number), kPatience);
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::examples
