#include "tests/testing/process_stepper.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/process_child.h"

namespace ipmpsc::testing {

std::string SteppedChild::Unavailable() {
#ifndef __x86_64__
  return "what a system call looks like is known for x86-64 only";
#endif
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

SteppedChild::Next SteppedChild::Peek() const {
#ifdef __x86_64__
  user_regs_struct registers;
  if (pid_ <= 0 || ptrace(PTRACE_GETREGS, pid_, nullptr, &registers) != 0) {
    return Next::kInstruction;
  }
  errno = 0;
  const long code = ptrace(PTRACE_PEEKTEXT, pid_, registers.rip, nullptr);
  // The two bytes of `syscall`.
  if (errno != 0 || (code & 0xffff) != 0x050f) return Next::kInstruction;
  const bool waits = registers.rax == SYS_futex &&
                     (registers.rsi == FUTEX_WAIT_BITSET || registers.rsi == FUTEX_WAIT);
  return waits ? Next::kFutexWait : Next::kSystemCall;
#else
  return Next::kInstruction;
#endif
}

bool SteppedChild::StepIntoSleep() {
  if (pid_ <= 0 || ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) return false;
  for (;;) {
    siginfo_t stop = {};
    // WNOWAIT leaves the stop for `FinishStep`.
    if (waitid(P_PID, static_cast<id_t>(pid_), &stop, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) !=
            0 ||
        stop.si_pid != 0) {
      return false;
    }
    if (IsAsleep(pid_)) return true;
    sched_yield();
  }
}

bool SteppedChild::FinishStep() { return AwaitStop() == SIGTRAP; }

bool SteppedChild::RunToSystemCall(long number) {
  for (;;) {
    const std::optional<__ptrace_syscall_info> stop = RunToNextStop();
    if (!stop.has_value()) return false;
    if (stop->op == PTRACE_SYSCALL_INFO_ENTRY && static_cast<long>(stop->entry.nr) == number) {
      return true;
    }
  }
}

bool SteppedChild::RunThroughSystemCall() {
  for (;;) {
    const std::optional<__ptrace_syscall_info> stop = RunToNextStop();
    if (!stop.has_value()) return false;
    if (stop->op == PTRACE_SYSCALL_INFO_EXIT) return true;
  }
}

std::optional<__ptrace_syscall_info> SteppedChild::RunToNextStop() {
  if (pid_ <= 0 || ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr) != 0) return std::nullopt;
  // The bit marks stops at system calls (PTRACE_O_TRACESYSGOOD).
  if (AwaitStop() != (SIGTRAP | 0x80)) return std::nullopt;
  __ptrace_syscall_info info = {};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof(info), &info) <= 0) return std::nullopt;
  return info;
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
