#include "examples/status_line.h"

#include <pty.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::examples {
namespace {

using ::ipmpsc::testing::ChildProcess;

// Returns what `print` prints in a child, on a terminal of `columns`, or into a pipe if `columns`
// is 0.
std::string Printed(unsigned short columns, const std::function<void()>& print) {
  winsize size = {};
  size.ws_row = 24;
  size.ws_col = columns;
  int ends[2] = {-1, -1};
  if (columns == 0 && pipe(ends) != 0) return "no pipe";
  if (columns != 0 && openpty(&ends[0], &ends[1], nullptr, nullptr, &size) != 0)
    return "no terminal";
  ChildProcess child = ChildProcess::Fork([&] {
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    print();
    return 0;
  });
  close(ends[1]);
  std::string printed;
  char bytes[256];
  for (ssize_t count; (count = read(ends[0], bytes, sizeof(bytes))) > 0;) {
    printed.append(bytes, static_cast<size_t>(count));
  }
  close(ends[0]);
  EXPECT_EQ(child.Wait(), "exited 0");
  return printed;
}

void PrintThree() {
  PrintStatusLine("first, longer than 20 columns", /*last=*/false);
  PrintStatusLine("second", /*last=*/false);
  PrintStatusLine("third, longer than 20 columns", /*last=*/true);
}

TEST(StatusLineTest, ReplacesAndCutsLinesOnATerminal) {
  EXPECT_EQ(Printed(20, PrintThree),
            "\r\x1b[Kfirst, longer than "
            "\r\x1b[Ksecond"
            "\r\x1b[Kthird, longer than 20 columns\r\n");
}

TEST(StatusLineTest, PrintsWholeLinesElsewhere) {
  EXPECT_EQ(Printed(0, PrintThree),
            "first, longer than 20 columns\nsecond\nthird, longer than 20 columns\n");
}

}  // namespace
}  // namespace ipmpsc::examples
