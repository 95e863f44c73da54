#include "tests/testing/process/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::testing {
namespace {

// Bounds the work of `ForkAndHold`, which may be most of a test.
constexpr absl::Duration kWorkPatience = absl::Minutes(2);

// Runs in the child: makes it die with the parent.
void DieWith(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the call. A parent in another PID namespace has the number 0.
  if (getppid() != parent && getppid() != 0) _exit(125);
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

// --- The result of `ForkAndHold`, in a pipe: its size, then its bytes ---

void WriteAll(int fd, const void* bytes, size_t size) {
  for (size_t written = 0; written < size;) {
    const ssize_t count = write(fd, static_cast<const char*>(bytes) + written, size - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    written += static_cast<size_t>(count);
  }
}

// Returns whether all bytes came before `end`, in nanoseconds of the monotonic clock.
bool ReadAll(int fd, void* bytes, size_t size, int64_t end) {
  for (size_t received = 0; received < size;) {
    const int64_t left = std::max<int64_t>(end - internal::MonotonicNow(), 0);
    pollfd readable = {fd, POLLIN, 0};
    const int ready = poll(&readable, 1, static_cast<int>(left / 1'000'000));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t count = read(fd, static_cast<char*>(bytes) + received, size - received);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    received += static_cast<size_t>(count);
  }
  return true;
}

bool ReadResult(int fd, std::string* result) {
  const int64_t end = internal::MonotonicNow() + absl::ToInt64Nanoseconds(kWorkPatience);
  uint64_t size = 0;
  if (!ReadAll(fd, &size, sizeof(size), end)) return false;
  result->resize(size);
  return ReadAll(fd, &(*result)[0], size, end);
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

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), result_(std::move(other.result_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(result_, other.result_);
  return *this;
}

ChildProcess ChildProcess::Fork(absl::FunctionRef<int()> work) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    DieWith(parent);
    _exit(work());
  }
  if (pid < 0) ADD_FAILURE() << "fork: " << strerror(errno);
  return ChildProcess(pid);
}

ChildProcess ChildProcess::ForkAndHold(absl::FunctionRef<std::string()> work) {
  int ends[2];
  ChildProcess child;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    child.result_ = absl::StrCat("no result: pipe: ", strerror(errno));
    return child;
  }
  child = Fork([&]() -> int {
    close(ends[0]);
    const std::string result = work();
    const uint64_t size = result.size();
    WriteAll(ends[1], &size, sizeof(size));
    WriteAll(ends[1], result.data(), result.size());
    close(ends[1]);
    for (;;) pause();
  });
  close(ends[1]);
  if (!ReadResult(ends[0], &child.result_)) {
    child.result_ = absl::StrCat("no result: ", child.Wait());
    child.Kill();
  }
  close(ends[0]);
  return child;
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
  if (pid_ <= 0) return;  // kill(-1) signals every process
  kill(pid_, SIGKILL);
  int status;
  WaitFor(std::exchange(pid_, -1), &status, 0);
}

void ChildProcess::Stop() {
  Signal(SIGSTOP);
  ASSERT_EQ(WaitForStop(), SIGSTOP) << "the child does not stop";
}

void ChildProcess::Continue() const { Signal(SIGCONT); }

std::string ChildProcess::Wait(absl::Duration patience) {
  if (pid_ <= 0) return "no such child any more";
  int status = 0;
  pid_t ended = 0;
  if (!Await([&] { return (ended = WaitFor(pid_, &status, WNOHANG)) != 0; }, patience)) {
    return "still lives";
  }
  pid_ = -1;
  return ended > 0 ? Describe(status) : absl::StrCat("waitpid: ", strerror(errno));
}

int ChildProcess::WaitForStop() {
  int status = 0;
  if (pid_ <= 0) return -1;
  if (WaitFor(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status)) return WSTOPSIG(status);
  pid_ = -1;
  return -1;
}

bool ChildProcess::HasStoppedOrEnded() const {
  siginfo_t stop = {};
  // WNOWAIT leaves the stop for `WaitForStop`.
  return pid_ <= 0 ||
         waitid(P_PID, static_cast<id_t>(pid_), &stop, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) !=
             0 ||
         stop.si_pid != 0;
}

std::string InChild(absl::FunctionRef<std::string()> work) {
  return ChildProcess::ForkAndHold(work).result();
}

}  // namespace ipmpsc::testing
