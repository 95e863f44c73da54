#include "tests/testing/fault_injector.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "absl/strings/str_cat.h"

namespace ipmpsc::testing {
namespace {

// Whether the call is one of the C library's own locks, such as malloc's. The library under test
// has shared futexes only.
bool IsOwnLock(long number, const uint64_t* arguments) {
  return number == SYS_futex && (static_cast<int>(arguments[1]) & FUTEX_PRIVATE_FLAG) != 0;
}

// Makes malloc take memory from the kernel by brk alone, and rarely.
void AllocateByBrkOnly() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TOP_PAD, 64 << 20);
  free(malloc(1));
}

bool WaitsByWallClock(long number, const uint64_t* arguments) {
  if (number == SYS_futex) {
    return (static_cast<int>(arguments[1]) & FUTEX_CLOCK_REALTIME) != 0;
  }
  return number == SYS_clock_nanosleep && static_cast<clockid_t>(arguments[0]) == CLOCK_REALTIME &&
         (static_cast<int>(arguments[1]) & TIMER_ABSTIME) != 0;
}

}  // namespace

std::string FaultInjector::Run(const SyscallFault& fault, absl::FunctionRef<void()> work) {
  AllocateByBrkOnly();
  fault_ = fault;
  std::thread([this] { Supervise(); }).detach();
  std::string error;
  std::thread working([&] {
    error = Filter();
    if (!error.empty()) return;
    armed_ = true;
    work();
    armed_ = false;
  });
  working.join();
  return error;
}

std::string FaultInjector::Filter() {
  sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
  sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return absl::StrCat("no_new_privs: ", strerror(errno));
  }
  // This call returns before the first notification is sent.
  listener_ = static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
  const std::string error = listener_ < 0 ? absl::StrCat("seccomp: ", strerror(errno)) : "";
  ready_ = true;
  return error;
}

std::vector<long> FaultInjector::calls() const {
  return std::vector<long>(calls_, calls_ + std::min<uint64_t>(count_, kMostCalls));
}

void FaultInjector::Supervise() {
  while (!ready_) sched_yield();
  if (listener_ < 0) return;
  for (;;) {
    seccomp_notif call = {};
    // Fails if the call was interrupted meanwhile, or if the thread has ended.
    if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
      pollfd listener = {listener_, POLLIN, 0};
      if (poll(&listener, 1, 0) == 1 && (listener.revents & POLLHUP) != 0) return;
      continue;
    }
    long number = call.data.nr;
    uint64_t arguments[6];
    for (int i = 0; i < 6; ++i) arguments[i] = call.data.args[i];
    const int error = Judge(number, arguments);
    // The kernel closes a file even if it reports an error.
    if (error != 0 && number == SYS_close) close(static_cast<int>(arguments[0]));
    seccomp_notif_resp response = {};
    response.id = call.id;
    if (error != 0) {
      response.error = -error;
    } else {
      response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
}

int FaultInjector::Judge(long number, const uint64_t* arguments) {
  // The clock cannot fail. Only some machines read it by a system call.
  if (!armed_ || number == SYS_brk || number == SYS_clock_gettime) return 0;
  // A wake that fails leaves another thread of the test in malloc for ever.
  if (IsOwnLock(number, arguments)) return 0;
  if (WaitsByWallClock(number, arguments)) used_wall_clock_ = true;
  const uint64_t count = count_ + 1;
  if (count <= kMostCalls) calls_[count - 1] = number;
  count_ = count;
  if (count == fault_.call) {
    failing_number_ = number;
  } else if (!(fault_.from_then && number == failing_number_)) {
    return 0;
  }
  ++injected_;
  return fault_.error;
}

}  // namespace ipmpsc::testing
