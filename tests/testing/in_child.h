// Runs part of a test in a forked child. Used for changes to a whole process (limits, rights,
// namespaces) and for the effects of fork on handles.
//
//   EXPECT_EQ(InChild([&]() -> std::string {
//     DropFileRights();
//     return Describe(Channel::Open(path).status());
//   }), "PERMISSION_DENIED: ...");
#ifndef TESTS_TESTING_IN_CHILD_H_
#define TESTS_TESTING_IN_CHILD_H_

#include <sys/types.h>

#include <functional>
#include <string>

namespace ipmpsc::testing {

// Runs `work` in a forked child and returns its result, or "died: ..." if it did not return.
// REQUIRES: no other thread is running.
std::string InChild(const std::function<std::string()>& work);

// A forked child that did `work` and lives until `End()` or the destructor.
class LivingChild {
 public:
  explicit LivingChild(const std::function<std::string()>& work);
  LivingChild(const LivingChild&) = delete;
  LivingChild& operator=(const LivingChild&) = delete;
  ~LivingChild();

  pid_t pid() const { return pid_; }
  // The result of `work`.
  const std::string& result() const { return result_; }
  // Sends SIGKILL and waits for the end.
  void Kill();
  // Lets the child exit and waits for it.
  void End();

 private:
  pid_t pid_ = -1;
  int hold_ = -1;  // the child lives while this is open
  std::string result_;
};

// From now on the permissions of files bind root, too. Returns the failure, or "".
std::string DropFileRights();

// Drops `capability` (CAP_...) from this process. Returns the failure, or "".
std::string DropRight(int capability);

// Gives this process a mount namespace of its own. Returns the failure, or "".
std::string EnterOwnMounts();

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_IN_CHILD_H_
