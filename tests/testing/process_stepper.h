// SteppedChild: a child that executes one machine instruction at a time, and can be killed after
// any.
#ifndef TESTS_TESTING_PROCESS_STEPPER_H_
#define TESTS_TESTING_PROCESS_STEPPER_H_

#include <sys/ptrace.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/functional/function_ref.h"

namespace ipmpsc::testing {

class SteppedChild {
 public:
  // Why this machine does not let us, or "".
  static std::string Unavailable();

  // A forked child that has done `prepare` and stands before `operation`.
  SteppedChild(absl::FunctionRef<void()> prepare, absl::FunctionRef<void()> operation);
  SteppedChild(const SteppedChild&) = delete;
  SteppedChild& operator=(const SteppedChild&) = delete;
  ~SteppedChild() { Kill(); }

  // Whether it lives; also when the operation is done.
  bool alive() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  // Lets it execute one instruction (or one system call). False: the operation is done.
  bool Step();

  enum class Next { kInstruction, kSystemCall, kFutexWait };
  // The kind of the next step.
  Next Peek() const;
  // Lets it execute one system call that may sleep. Returns whether it sleeps in it now;
  // false: the call has returned already. In both cases `FinishStep` ends the step.
  bool StepIntoSleep();
  // False: the operation is done.
  bool FinishStep();

  // Lets it run until it is about to do that system call. False: the operation is done before.
  bool RunToSystemCall(long number);
  // Lets it run until it has done the next system call. False: the operation is done before.
  bool RunThroughSystemCall();
  // Lets it run freely from now on. After the operation it stands still, alive.
  void Detach();
  void Kill();

 private:
  // The signal that it stopped by; -1 when it is gone.
  int AwaitStop();
  // Lets it run to the begin or the end of a system call.
  std::optional<__ptrace_syscall_info> RunToNextStop();

  pid_t pid_;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_STEPPER_H_
