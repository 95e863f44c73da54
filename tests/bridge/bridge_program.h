// ipmpsc-bridge as a program, for the tests that run it.
#ifndef TESTS_BRIDGE_BRIDGE_PROGRAM_H_
#define TESTS_BRIDGE_BRIDGE_PROGRAM_H_

#include <string>
#include <vector>

#include "tests/testing/process/child_process.h"

namespace ipmpsc::bridge {

// Starts the bridge, or another program of the test's `data`. It appends its output and its errors
// to the file `log`.
testing::ChildProcess StartProgram(std::vector<std::string> arguments, const std::string& log,
                                   const std::string& program = "bridge/ipmpsc-bridge");

// Returns the payloads "from" to "to - 1".
std::vector<std::string> Numbers(int from, int to);

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_BRIDGE_PROGRAM_H_
