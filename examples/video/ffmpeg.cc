#include "examples/video/ffmpeg.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ipmpsc::examples {
namespace {

bool IsInstalled(const std::string& command) {
  const char* const path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "" : path, ':')) {
    if (access(absl::StrCat(folder, "/", command).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::vector<std::string> Command(const VideoSource& source) {
  std::vector<std::string> command = {"ffmpeg", "-nostdin", "-v", "error"};
  if (source.own_pace) command.push_back("-re");
  if (source.input.empty()) {
    command.insert(
        command.end(),
        {"-f", "lavfi", "-i", absl::StrCat("testsrc2=size=", source.size, ":rate=", source.rate)});
  } else {
    command.insert(command.end(), {"-i", source.input});
  }
  command.insert(command.end(),
                 {"-an", "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "-"});
  return command;
}

// Replaces this process by the command. Returns only if that fails.
absl::Status Become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot run ", command[0]));
}

}  // namespace

absl::StatusOr<Ffmpeg> StartFfmpeg(const VideoSource& source) {
  if (!IsInstalled("ffmpeg")) {
    return absl::NotFoundError(
        "ffmpeg is not installed; to install it: apt-get install --no-install-recommends ffmpeg");
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot create a pipe");
  // Saves context switches between the two. The smaller pipe serves too if this fails.
  fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
  const Process process = Start("ffmpeg", [&] {
    dup2(ends[1], STDOUT_FILENO);
    return Become(Command(source));
  });
  close(ends[1]);
  return Ffmpeg{process, ends[0]};
}

}  // namespace ipmpsc::examples
