#include "tests/testing/process_stepper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace ipmpsc::testing {

std::string SteppedChild::Unavailable() {
  const pid_t pid = fork();
  if (pid == 0) _exit(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : errno);
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return "fork fails";
  const int error = WEXITSTATUS(status);
  return error == 0 ? "" : absl::StrCat("ptrace: ", strerror(error));
}

SteppedChild::SteppedChild(absl::FunctionRef<void()> prepare, absl::FunctionRef<void()> operation)
    : pid_(fork()) {
  if (pid_ == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    prepare();
    raise(SIGSTOP);
    operation();
    raise(SIGSTOP);
    _exit(0);
  }
  if (AwaitStop() != SIGSTOP) {
    ADD_FAILURE() << "the child does not get to its operation";
    return;
  }
  ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
}

int SteppedChild::AwaitStop() {
  int status = 0;
  if (pid_ <= 0) return -1;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  if (WIFSTOPPED(status)) return WSTOPSIG(status);
  pid_ = -1;
  return -1;
}

bool SteppedChild::Step() {
  if (pid_ <= 0 || ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) return false;
  return AwaitStop() == SIGTRAP;
}

bool SteppedChild::RunToSystemCall(long number) {
  for (;;) {
    if (pid_ <= 0 || ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr) != 0) return false;
    // The bit tells it from other traps (PTRACE_O_TRACESYSGOOD).
    if (AwaitStop() != (SIGTRAP | 0x80)) return false;
    __ptrace_syscall_info info = {};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof(info), &info) <= 0) return false;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY && static_cast<long>(info.entry.nr) == number) {
      return true;
    }
  }
}

void SteppedChild::Detach() {
  if (pid_ > 0) ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
}

void SteppedChild::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  int status;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace ipmpsc::testing
