#include "tests/bridge/bridge_program.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::bridge {

testing::ChildProcess StartProgram(std::vector<std::string> arguments, const std::string& log,
                                   const std::string& program) {
  arguments.insert(arguments.begin(), program);
  return testing::ChildProcess::Fork([&] {
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    return 127;
  });
}

std::vector<std::string> Numbers(int from, int to) {
  std::vector<std::string> numbers;
  for (int i = from; i < to; ++i) numbers.push_back(absl::StrCat(i));
  return numbers;
}

}  // namespace ipmpsc::bridge
