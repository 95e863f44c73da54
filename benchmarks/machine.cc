#include "benchmarks/machine.h"

#include <stdio.h>
#include <sys/utsname.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "benchmarks/measurement/processes.h"

namespace ipmpsc::benchmarks {
namespace {

// Returns the standard output of a command.
std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[256];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) output += buffer;
  pclose(pipe);
  return std::string(absl::StripAsciiWhitespace(output));
}

}  // namespace

std::string ProcessorName() {
  std::ifstream information("/proc/cpuinfo");
  std::string name = "unknown processor";
  for (std::string line; std::getline(information, line);) {
    absl::string_view rest = line;
    if (!absl::ConsumePrefix(&rest, "model name")) continue;
    rest.remove_prefix(rest.find(':') == absl::string_view::npos ? 0 : rest.find(':') + 1);
    name = std::string(absl::StripAsciiWhitespace(rest));
    break;
  }
  return absl::StrCat(name, ", ", Processors().size(), " processors");
}

std::string KernelVersion() {
  utsname names;
  return uname(&names) == 0 ? names.release : "unknown";
}

std::string Placement() {
  std::set<int> senders;
  for (size_t i = 0; i < Processors().size(); ++i)
    senders.insert(ProcessorOf(Place::kSender, static_cast<int>(i)));
  return absl::StrCat("receiver on processor ", ProcessorOf(Place::kReceiver, 0), ", senders on ",
                      absl::StrJoin(senders, ", "));
}

std::string CommitOf(const std::string& tree) {
  const std::string git = absl::StrCat("git -C '", tree, "' ");
  const std::string commit = OutputOf(git + "rev-parse --short=12 HEAD 2>/dev/null");
  if (commit.empty()) return "";
  return commit + (OutputOf(git + "status --porcelain 2>/dev/null").empty() ? "" : "+");
}

}  // namespace ipmpsc::benchmarks
