#include "cli/monitor/process_state.h"

#include <unistd.h>

#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::cli {
namespace {

// Returns whether /proc numbers processes as this process does. After `nsenter --pid` it is still
// that of the other PID namespace, where our numbers belong to other processes.
bool ProcIsOurs() {
  char target[32];
  const ssize_t length = readlink("/proc/self", target, sizeof(target));
  pid_t pid = 0;
  return length > 0 &&
         absl::SimpleAtoi(absl::string_view(target, static_cast<size_t>(length)), &pid) &&
         pid == getpid();
}

}  // namespace

ProcessState ParseProcessState(const std::string& stat) {
  // "1234 (the name) S 1 ...": the fields behind the name contain no parenthesis.
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return ProcessState::kUnknown;
  switch (stat[name_end + 2]) {
    case 'R':
    case 'S':
    case 'I':
    case 'P':
      return ProcessState::kRuns;
    case 'D':
      return ProcessState::kBlocked;
    case 'T':
      return ProcessState::kStopped;
    case 't':
      return ProcessState::kTraced;
    case 'Z':
      return ProcessState::kZombie;
    default:
      return ProcessState::kUnknown;
  }
}

ProcessState ReadProcessState(uint32_t pid) {
  if (!ProcIsOurs()) return ProcessState::kUnknown;
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  if (!std::getline(file, line)) return ProcessState::kUnknown;
  return ParseProcessState(line);
}

}  // namespace ipmpsc::cli
