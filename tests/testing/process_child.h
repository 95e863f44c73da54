// ChildProcess: a real process that a test starts, stops and kills. It ends with the test at the
// latest, however that ends.
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

// How long a test waits for something that must happen. Generous: it bounds a hang, it measures
// nothing.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

// Looks again and again whether `condition` holds. False: not within `patience`.
bool Await(absl::FunctionRef<bool()> condition, absl::Duration patience = kPatience);

// Whether the process sleeps in the kernel now; one that was stopped does not.
bool IsAsleep(pid_t pid);

class ChildProcess {
 public:
  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  // Kills it, if it lives.
  ~ChildProcess();

  // A forked child that does `work` and exits with what that returns, without running destructors
  // of the test's objects.
  static ChildProcess Fork(absl::FunctionRef<int()> work);

  // Forks, and executes a program that the test has as `data`, named by its path in the tree. The
  // program inherits `fds` under the same numbers, and no other file but the standard ones.
  static ChildProcess Execute(const std::string& program, const std::vector<std::string>& arguments,
                              const std::vector<int>& fds);

  // -1 when it was waited for.
  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Sends SIGKILL and waits for the end.
  void Kill();
  // Sends SIGSTOP and waits until it has stopped.
  void Stop() const;
  void Continue() const;
  // Waits for its end: "exited N", "killed by N", or "still lives".
  std::string Wait(absl::Duration patience = kPatience);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_ = -1;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_CHILD_H_
