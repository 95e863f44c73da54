// A server in Python that a test needs beside the bridge.
#ifndef IPMPSC_TESTS_BRIDGE_PYTHON_SERVER_H_
#define IPMPSC_TESTS_BRIDGE_PYTHON_SERVER_H_

#include <string>

#include "tests/testing/process/child_process.h"

namespace ipmpsc::bridge {

// Starts `python3 COMMAND`, a line of the shell, and sets `*process` to it. Its output goes to the
// file `output`. Returns the first line of it, which is the server's port, or "" if none came.
std::string StartPythonServer(const std::string& command, const std::string& output,
                              testing::ChildProcess* process);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_TESTS_BRIDGE_PYTHON_SERVER_H_
