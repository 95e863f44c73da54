#include "cli/monitor/process_state.h"

#include <fstream>

#include "absl/strings/str_cat.h"

namespace ipmpsc::cli {

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
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  if (!std::getline(file, line)) return ProcessState::kUnknown;
  return ParseProcessState(line);
}

}  // namespace ipmpsc::cli
