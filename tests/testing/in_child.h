// Runs part of a test in a forked child: for what changes a whole process (limits, rights,
// namespaces), and for what fork itself does to handles.
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

// What `work` returned in a forked child, or "died: ..." where it did not return. REQUIRES: no
// other thread is running.
std::string InChild(const std::function<std::string()>& work);

// A forked child that did `work` and goes on living until `End()` or the destructor.
class LivingChild {
 public:
  explicit LivingChild(const std::function<std::string()>& work);
  LivingChild(const LivingChild&) = delete;
  LivingChild& operator=(const LivingChild&) = delete;
  ~LivingChild();

  pid_t pid() const { return pid_; }
  // The result of `work`.
  const std::string& result() const { return result_; }
  // Kills it by SIGKILL and waits for its end.
  void Kill();
  // Lets it end by itself.
  void End();

 private:
  pid_t pid_ = -1;
  int hold_ = -1;  // the child lives while this is open
  std::string result_;
};

// From now on files are opened with the rights that their mode gives, for root too. Returns what
// failed, or "".
std::string DropFileRights();

// From now on this process has not the right `capability` (CAP_...). Returns what failed, or "".
std::string DropRight(int capability);

// From now on this process has mounts of its own. Returns what failed, or "".
std::string EnterOwnMounts();

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_IN_CHILD_H_
