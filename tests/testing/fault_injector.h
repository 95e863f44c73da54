// Makes chosen system calls fail.
//
//   FaultInjector injector;
//   absl::Status status;
//   ASSERT_EQ(injector.Run({3, ENOMEM}, [&] { status = Channel::Open(path).status(); }), "");
//   // Its third system call has failed.
//
// The work runs in a thread of its own. A filter of the kernel (seccomp) hands every system call of
// that thread to a second thread, which lets it happen or answers in its place. No call can be
// missed, even in a library that the test does not know.
#ifndef TESTS_TESTING_FAULT_INJECTOR_H_
#define TESTS_TESTING_FAULT_INJECTOR_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"

namespace ipmpsc::testing {

struct SyscallFault {
  uint64_t call = 0;       // the call that fails, counted from 1; 0: none
  int error = 0;           // errno
  bool from_then = false;  // all later calls of the same number fail, too
};

class FaultInjector {
 public:
  // The number of system calls of one operation that are recorded.
  static constexpr size_t kMostCalls = 4096;

  FaultInjector() = default;
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  // Returns what the machine does not allow, or "". System calls that allocate memory are neither
  // counted nor failed, since C++ can only abort then. Nor are those of the C library's own locks.
  // May be called once. The object must live as long as the process.
  std::string Run(const SyscallFault& fault, absl::FunctionRef<void()> work);

  // The numbers of the work's system calls, and how many calls were made to fail.
  std::vector<long> calls() const;
  uint64_t injected() const { return injected_.load(); }
  // Whether the work read the wall clock or waited by it.
  bool used_wall_clock() const { return used_wall_clock_.load(); }

 private:
  // Runs in the thread. Returns as `Run`.
  std::string Filter();
  void Supervise();
  // Returns 0 to let the call happen, or an errno.
  int Judge(long number, const uint64_t* arguments);

  int listener_ = -1;
  std::atomic<bool> ready_{false};
  std::atomic<bool> armed_{false};
  SyscallFault fault_;
  long failing_number_ = -1;
  std::atomic<uint64_t> count_{0};
  std::atomic<uint64_t> injected_{0};
  std::atomic<bool> used_wall_clock_{false};
  long calls_[kMostCalls] = {};
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_FAULT_INJECTOR_H_
