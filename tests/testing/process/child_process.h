// ChildProcess: a process that a test forks, signals and waits for. All tests fork and reap through
// this class. The destructor kills the process and reaps it. The kernel kills it if the test dies.
//
//   ChildProcess child = ChildProcess::Fork([&] { return SendSomething(channel) ? 0 : 1; });
//   EXPECT_EQ(child.Wait(), "exited 0");
#ifndef TESTS_TESTING_PROCESS_CHILD_PROCESS_H_
#define TESTS_TESTING_PROCESS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace ipmpsc::testing {

// The longest wait of a test for an event that must happen. It bounds a hang and measures nothing.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

// Polls until `condition` holds. Returns false if it does not hold within `patience`.
bool Await(absl::FunctionRef<bool()> condition, absl::Duration patience = kPatience);

// Whether the process sleeps in the kernel. A stopped process does not.
bool IsAsleep(pid_t pid);

class ChildProcess {
 public:
  // Owns no process.
  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess() { Kill(); }

  // Forks a child that does `work` and exits with its result. The destructors of the test's objects
  // do not run in the child. The child dies with the thread that forks it.
  static ChildProcess Fork(absl::FunctionRef<int()> work);

  // Forks a child that does `work` and then lives until it is killed. Waits for the `result()` of
  // the work for at most two minutes.
  static ChildProcess ForkAndHold(absl::FunctionRef<std::string()> work);

  // Forks and executes a program from the test's `data`, named by its path in the tree. The program
  // inherits `fds` under the same numbers, the standard files and nothing else.
  static ChildProcess Execute(const std::string& program, const std::vector<std::string>& arguments,
                              const std::vector<int>& fds);

  // Owns a child that the test itself forked, because the fork is what it tests.
  static ChildProcess Adopt(pid_t pid) { return ChildProcess(pid); }

  // -1 once the process has been reaped.
  pid_t pid() const { return pid_; }
  // The string that the work of `ForkAndHold` returned, or "no result: ..." if it did not return.
  const std::string& result() const { return result_; }

  void Signal(int signal) const;
  // Sends SIGKILL and waits for the end.
  void Kill();
  // Sends SIGSTOP and waits until the process has stopped.
  void Stop();
  void Continue() const;

  // Waits for the end: "exited N", "killed by N", or "still lives".
  std::string Wait(absl::Duration patience = kPatience);

  // Waits until the process stops. Returns the signal that stopped it, or -1 if it has ended. Has
  // no deadline, since the tracer of a process calls it for every instruction.
  int WaitForStop();
  // Whether `WaitForStop` would return at once.
  bool HasStoppedOrEnded() const;

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_ = -1;
  std::string result_;
};

// Does `work` in a forked child. Returns its result, or "no result: ..." if it did not return. Used
// for changes to a whole process (limits, capabilities, namespaces) and for the effects of fork on
// handles.
//
//   EXPECT_EQ(InChild([&]() -> std::string {
//     DropFileCapabilities();
//     return Describe(Channel::Open(path).status());
//   }), "PERMISSION_DENIED: ...");
std::string InChild(absl::FunctionRef<std::string()> work);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_CHILD_PROCESS_H_
