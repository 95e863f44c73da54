// The processes that an example starts: each does one thing, and is gone when the example is.
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
  int status = 0;  // as waitpid gives it

  bool ended_well() const;
  bool killed() const;
  // "killed by signal 9", "failed with status 1", "running"; empty where it ended well.
  std::string Ending() const;
};

// Runs `work` in a process of its own. Its error is one line on standard error that begins with
// `name`, and status kBadInput where something is missing or may not be had, kFault otherwise. Ends
// the program where no process can be had.
Process Start(const std::string& name, const std::function<absl::Status()>& work);

// Notes which have ended. Returns whether any runs.
bool AnyRunning(std::vector<Process>* processes);

// Waits until it has ended, and notes how.
void Wait(Process* process);

// Sends it a signal, if it runs.
void Signal(const Process& process, int signal);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_PROCESSES_H_
