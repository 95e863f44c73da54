#include "tests/bridge/python_server.h"

#include <unistd.h>

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {

std::string StartPythonServer(const std::string& command, const std::string& output,
                              testing::ChildProcess* process) {
  unlink(output.c_str());
  *process = testing::ChildProcess::Fork([&] {
    const std::string line = absl::StrCat("exec python3 ", command, " >'", output, "'");
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    return 127;
  });
  std::string port;
  // A line without its end may lack digits.
  const bool came = testing::Await([&] {
    if (!testing::Exists(output)) return false;
    const std::string printed = testing::ReadFile(output);
    const size_t end = printed.find('\n');
    if (end == std::string::npos) return false;
    port = printed.substr(0, end);
    return true;
  });
  return came ? port : "";
}

}  // namespace ipmpsc::bridge
