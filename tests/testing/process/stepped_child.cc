#include "tests/testing/process/stepped_child.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace ipmpsc::testing {
namespace {

// SYS_futex_waitv, which is younger than the kernel headers of some systems.
constexpr unsigned long long kFutexWaitv = 449;

}  // namespace

std::string SteppedChild::Unavailable() {
#ifndef __x86_64__
  return "what a system call looks like is known for x86-64 only";
#endif
  ChildProcess probe = ChildProcess::Fork(
      [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : errno; });
  const std::string end = probe.Wait();
  return end == "exited 0" ? "" : absl::StrCat("ptrace is refused: ", end);
}

SteppedChild::SteppedChild(absl::FunctionRef<void()> prepare, absl::FunctionRef<void()> operation)
    : child_(ChildProcess::Fork([&] {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return 1;
        prepare();
        raise(SIGSTOP);
        operation();
        raise(SIGSTOP);
        return 0;
      })) {
  if (child_.WaitForStop() != SIGSTOP) {
    ADD_FAILURE() << "the child does not get to its operation";
    return;
  }
  ptrace(PTRACE_SETOPTIONS, pid(), nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
}

bool SteppedChild::Step() {
  if (!alive() || ptrace(PTRACE_SINGLESTEP, pid(), nullptr, nullptr) != 0) return false;
  return child_.WaitForStop() == SIGTRAP;
}

SteppedChild::Next SteppedChild::Peek() const {
#ifdef __x86_64__
  constexpr int kSyscall = 0x050f;
  user_regs_struct registers;
  if (NextCode() != kSyscall || ptrace(PTRACE_GETREGS, pid(), nullptr, &registers) != 0) {
    return Next::kInstruction;
  }
  // io_uring_enter waits for completions if it is asked for at least one.
  const bool waits = (registers.rax == SYS_futex &&
                      (registers.rsi == FUTEX_WAIT_BITSET || registers.rsi == FUTEX_WAIT)) ||
                     registers.rax == kFutexWaitv ||
                     (registers.rax == SYS_io_uring_enter && registers.rdx != 0);
  return waits ? Next::kFutexWait : Next::kSystemCall;
#else
  return Next::kInstruction;
#endif
}

bool SteppedChild::IsAtCpuid() const {
  constexpr int kCpuid = 0xa20f;
  return NextCode() == kCpuid;
}

int SteppedChild::NextCode() const {
#ifdef __x86_64__
  user_regs_struct registers;
  if (!alive() || ptrace(PTRACE_GETREGS, pid(), nullptr, &registers) != 0) return 0;
  errno = 0;
  const long code = ptrace(PTRACE_PEEKTEXT, pid(), registers.rip, nullptr);
  return errno == 0 ? static_cast<int>(code & 0xffff) : 0;
#else
  return 0;
#endif
}

bool SteppedChild::StepIntoSleep() {
  if (!alive() || ptrace(PTRACE_SINGLESTEP, pid(), nullptr, nullptr) != 0) return false;
  for (;;) {
    if (child_.HasStoppedOrEnded()) return false;
    if (IsAsleep(pid())) return true;
    sched_yield();
  }
}

bool SteppedChild::FinishStep() { return child_.WaitForStop() == SIGTRAP; }

bool SteppedChild::RunToSystemCall(long number) {
  for (;;) {
    const std::optional<__ptrace_syscall_info> stop = RunToNextStop();
    if (!stop.has_value()) return false;
    if (stop->op == PTRACE_SYSCALL_INFO_ENTRY && static_cast<long>(stop->entry.nr) == number) {
      return true;
    }
  }
}

bool SteppedChild::RunToAnySystemCall() {
  for (;;) {
    const std::optional<__ptrace_syscall_info> stop = RunToNextStop();
    if (!stop.has_value()) return false;
    if (stop->op == PTRACE_SYSCALL_INFO_ENTRY) return true;
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
  if (!alive() || ptrace(PTRACE_SYSCALL, pid(), nullptr, nullptr) != 0) return std::nullopt;
  // The bit marks stops at system calls (PTRACE_O_TRACESYSGOOD).
  if (child_.WaitForStop() != (SIGTRAP | 0x80)) return std::nullopt;
  __ptrace_syscall_info info = {};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid(), sizeof(info), &info) <= 0) return std::nullopt;
  return info;
}

void SteppedChild::Detach() {
  if (alive()) ptrace(PTRACE_DETACH, pid(), nullptr, nullptr);
}

}  // namespace ipmpsc::testing
