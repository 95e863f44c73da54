#include "examples/processes.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "examples/command_line.h"

namespace ipmpsc::examples {

bool Process::ended_well() const {
  return !running && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Process::killed() const { return !running && WIFSIGNALED(status); }

std::string Process::Ending() const {
  if (running) return "running";
  if (killed()) return absl::StrCat("killed by signal ", WTERMSIG(status));
  return ended_well() ? "" : absl::StrCat("failed with status ", WEXITSTATUS(status));
}

Process Start(const std::string& name, const std::function<absl::Status()>& work) {
  std::fflush(stdout);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) Fail(kFault, absl::StrCat("cannot start a process: ", std::strerror(errno)));
  if (pid > 0) return {name, pid, true};
  // Ends this process when the example is killed.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kFault);
  const absl::Status done = work();
  if (!done.ok()) {
    Complain(absl::StrCat(name, ": ", done.message()));
    _exit(absl::IsNotFound(done) || absl::IsPermissionDenied(done) ? kBadInput : kFault);
  }
  _exit(0);
}

bool AnyRunning(std::vector<Process>* processes) {
  bool any = false;
  for (Process& process : *processes) {
    if (process.running && waitpid(process.pid, &process.status, WNOHANG) == process.pid)
      process.running = false;
    any |= process.running;
  }
  return any;
}

void Wait(Process* process) {
  while (process->running) {
    if (waitpid(process->pid, &process->status, 0) == process->pid) process->running = false;
  }
}

void Signal(const Process& process, int signal) {
  if (process.running) kill(process.pid, signal);
}

}  // namespace ipmpsc::examples
