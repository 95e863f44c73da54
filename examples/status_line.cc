#include "examples/status_line.h"

#include <unistd.h>

#include <cstdio>

#include "examples/command_line.h"

namespace ipmpsc::examples {

void PrintStatusLine(const std::string& line, bool last) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  std::printf("%s%s%s", terminal ? "\r\x1b[K" : "", line.c_str(), terminal && !last ? "" : "\n");
  if (std::fflush(stdout) != 0) Fail(kFault, "cannot write to standard output");
}

}  // namespace ipmpsc::examples
