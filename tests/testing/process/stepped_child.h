// SteppedChild: a child that executes one machine instruction at a time and can be killed after any
// of them.
#ifndef TESTS_TESTING_PROCESS_STEPPED_CHILD_H_
#define TESTS_TESTING_PROCESS_STEPPED_CHILD_H_

#include <sys/ptrace.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::testing {

class SteppedChild {
 public:
  // Returns why this machine cannot step processes, or "".
  static std::string Unavailable();

  // Forks a child that does `prepare` and stops before `operation`.
  SteppedChild(absl::FunctionRef<void()> prepare, absl::FunctionRef<void()> operation);
  SteppedChild(const SteppedChild&) = delete;
  SteppedChild& operator=(const SteppedChild&) = delete;

  // Whether the child lives. It does so after the operation, too.
  bool alive() const { return child_.pid() > 0; }
  pid_t pid() const { return child_.pid(); }

  // Executes one instruction or system call. Returns false if the operation is done.
  bool Step();

  // kFutexWait: also io_uring_enter that waits.
  enum class Next { kInstruction, kSystemCall, kFutexWait };
  // Returns the kind of the next step.
  Next Peek() const;
  // Whether the next instruction is CPUID, which a virtual machine leaves to its host.
  bool IsAtCpuid() const;
  // Executes one system call that may sleep. Returns whether it sleeps in it, or false if the call
  // has already returned. In both cases `FinishStep` ends the step.
  bool StepIntoSleep();
  // Returns false if the operation is done.
  bool FinishStep();

  // Runs until the child is about to make that system call. Returns false if the operation ends
  // before.
  bool RunToSystemCall(long number);
  // Runs until the child is about to make its next system call. Returns false if the operation ends
  // before.
  bool RunToAnySystemCall();
  // Runs until the child has made its next system call. Returns false if the operation ends before.
  bool RunThroughSystemCall();
  // Lets the child run freely. It stops after the operation and stays alive.
  void Detach();
  void Kill() { child_.Kill(); }

 private:
  // Returns the two bytes at the next instruction, or 0 if the child has ended.
  int NextCode() const;
  // Runs to the beginning or the end of a system call.
  std::optional<__ptrace_syscall_info> RunToNextStop();

  ChildProcess child_;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_STEPPED_CHILD_H_
