#include "examples/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>

#include "examples/command_line.h"

namespace ipmpsc::examples {
namespace {

// Returns the width of the terminal, in characters, or 80 where it is unknown.
size_t TerminalWidth() {
  winsize size = {};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : 80;
}

}  // namespace

void PrintStatusLine(const std::string& line, bool last) {
  if (isatty(STDOUT_FILENO) == 0) {
    std::printf("%s\n", line.c_str());
  } else if (last) {
    std::printf("\r\x1b[K%s\n", line.c_str());
  } else {
    // Cuts the line, as only the last row of a line that wraps could be replaced by the next line.
    std::printf("\r\x1b[K%s", line.substr(0, TerminalWidth() - 1).c_str());
  }
  if (std::fflush(stdout) != 0) Fail(kFault, "cannot write to standard output");
}

}  // namespace ipmpsc::examples
