// The processes that an example starts. Each has one task and ends with the example.
#ifndef IPMPSC_EXAMPLES_PROCESSES_H_
#define IPMPSC_EXAMPLES_PROCESSES_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace ipmpsc::examples {

struct Process {
  std::string name;
  pid_t pid = 0;
  bool running = false;
  int status = 0;  // of waitpid

  bool ended_well() const;
  bool killed() const;
  // Returns "killed by signal 9", "failed with status 1", "running", or "" if the process ended
  // well.
  std::string Ending() const;
};

// Runs `work` in a process of its own. An error of `work` becomes one line on standard error that
// begins with `name`, and the exit status: kBadInput for kNotFound and kPermissionDenied, kFault
// for others. Ends the program if it cannot start a process.
Process Start(const std::string& name, const std::function<absl::Status()>& work);

// Updates `running` and `status` of each process. Returns whether any process runs.
bool AnyRunning(std::vector<Process>* processes);

// Waits until the process has ended, and updates `running` and `status`.
void Wait(Process* process);

// Sends a signal to the process if it runs.
void Signal(const Process& process, int signal);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_PROCESSES_H_
