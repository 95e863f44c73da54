// SteppedChild: a child that executes one machine instruction at a time, and can be killed after
// any.
#ifndef TESTS_TESTING_PROCESS_STEPPER_H_
#define TESTS_TESTING_PROCESS_STEPPER_H_

#include <sys/types.h>

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

  // Lets it execute one instruction (or one system call). False: the operation is done.
  bool Step();
  // Lets it run until it is about to do that system call. False: the operation is done before.
  bool RunToSystemCall(long number);
  // Lets it run freely from now on. After the operation it stands still, alive.
  void Detach();
  void Kill();

 private:
  // The signal that it stopped by; -1 when it is gone.
  int AwaitStop();

  pid_t pid_;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_STEPPER_H_
