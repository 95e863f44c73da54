// ChildProcess: a real process that a test starts, stops and kills. The destructor kills it, and so
// does the death of the test.
//
//   ChildProcess child = ChildProcess::Fork([&] { return SendSomething(channel) ? 0 : 1; });
//   EXPECT_EQ(child.Wait(), "exited 0");
#ifndef TESTS_TESTING_PROCESS_CHILD_H_
#define TESTS_TESTING_PROCESS_CHILD_H_

#include <sys/types.h>

#include <string>
#include <utility>
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
  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  // Kills the process if it lives.
  ~ChildProcess();

  // Forks a child that does `work` and exits with its result. The destructors of the test's objects
  // do not run in the child.
  static ChildProcess Fork(absl::FunctionRef<int()> work);

  // Forks and executes a program from the test's `data`, named by its path in the tree. The program
  // inherits `fds` under the same numbers, the standard files and nothing else.
  static ChildProcess Execute(const std::string& program, const std::vector<std::string>& arguments,
                              const std::vector<int>& fds);

  // -1 once the process was waited for.
  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Sends SIGKILL and waits for the end.
  void Kill();
  // Sends SIGSTOP and waits until the process has stopped.
  void Stop() const;
  void Continue() const;
  // Waits for the end: "exited N", "killed by N", or "still lives".
  std::string Wait(absl::Duration patience = kPatience);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_ = -1;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_CHILD_H_
