#include "tests/testing/process_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::testing {
namespace {

// Runs in the child: makes it die with the parent.
void DieWith(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the call.
  if (getppid() != parent) _exit(125);
}

std::string PathOf(const std::string& program) {
  const char* sources = getenv("TEST_SRCDIR");
  const char* workspace = getenv("TEST_WORKSPACE");
  return absl::StrCat(sources != nullptr ? sources : ".", "/",
                      workspace != nullptr ? workspace : "ipmpsc", "/", program);
}

std::string Describe(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("killed by ", WTERMSIG(status));
  return absl::StrCat("exited ", WEXITSTATUS(status));
}

pid_t WaitFor(pid_t pid, int* status, int options) {
  pid_t result;
  do {
    result = waitpid(pid, status, options);
  } while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

bool Await(absl::FunctionRef<bool()> condition, absl::Duration patience) {
  const int64_t end = internal::MonotonicNow() + absl::ToInt64Nanoseconds(patience);
  for (int looks = 0; !condition(); ++looks) {
    if (internal::MonotonicNow() > end) return condition();
    // Leaves the processor to the process that must fulfil the condition.
    if (looks < 100) {
      sched_yield();
    } else {
      const timespec pause = {0, 100'000};
      nanosleep(&pause, nullptr);
    }
  }
  return true;
}

bool IsAsleep(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string stat;
  std::getline(file, stat);
  // The state follows the name, which is in parentheses and may contain any character.
  const size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.compare(name_end, 3, ") S") == 0;
}

ChildProcess::~ChildProcess() { Kill(); }

ChildProcess ChildProcess::Fork(absl::FunctionRef<int()> work) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    DieWith(parent);
    _exit(work());
  }
  if (pid < 0) ADD_FAILURE() << "fork: errno " << errno;
  return ChildProcess(pid);
}

ChildProcess ChildProcess::Execute(const std::string& program,
                                   const std::vector<std::string>& arguments,
                                   const std::vector<int>& fds) {
  const std::string path = PathOf(program);
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return Fork([&] {
    // All other files are O_CLOEXEC.
    for (const int fd : fds) fcntl(fd, F_SETFD, 0);
    execv(path.c_str(), argv.data());
    return 126;
  });
}

void ChildProcess::Signal(int signal) const {
  ASSERT_GT(pid_, 0) << "no such child any more";
  kill(pid_, signal);
}

void ChildProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  int status;
  WaitFor(std::exchange(pid_, -1), &status, 0);
}

void ChildProcess::Stop() const {
  Signal(SIGSTOP);
  int status = 0;
  WaitFor(pid_, &status, WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(status)) << Describe(status);
}

void ChildProcess::Continue() const { Signal(SIGCONT); }

std::string ChildProcess::Wait(absl::Duration patience) {
  if (pid_ <= 0) return "no such child any more";
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (fd >= 0) {
    pollfd ended = {fd, POLLIN, 0};
    poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(patience)));
    close(fd);
  }
  int status = 0;
  if (WaitFor(pid_, &status, WNOHANG) == 0) return "still lives";
  pid_ = -1;
  return Describe(status);
}

}  // namespace ipmpsc::testing
