#include "benchmarks/measurement/processes.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr int kMostRoles = 64;

// The result of a role's process.
struct Outcome {
  int code;
  char text[500];
};
struct Board {
  Outcome outcomes[kMostRoles];
};

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] void RunRole(const Role& role, int processor, StartLine& start, Outcome& outcome) {
  // Ends with the parent if the comparison is interrupted.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof(set), &set);
  const absl::Status status = role.run(start);
  outcome.code = static_cast<int>(status.code());
  std::snprintf(outcome.text, sizeof(outcome.text), "%s", std::string(status.message()).c_str());
  // Runs no destructors of the parent's objects.
  _exit(status.ok() ? 0 : 1);
}

}  // namespace

int64_t Now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Nanoseconds(time);
}

int64_t ProcessorTime() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return Nanoseconds(time);
}

std::vector<int> Processors() {
  cpu_set_t set;
  std::vector<int> processors;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  }
  return processors;
}

int ProcessorOf(Place place, int number) {
  static const std::vector<int> all = Processors();
  if (place == Place::kReceiver || all.size() == 1) return all.back();
  return all[number % (all.size() - 1)];
}

absl::Status RunProcesses(const std::vector<Role>& roles, absl::Duration limit) {
  if (roles.size() > kMostRoles) return absl::InvalidArgumentError("too many roles");
  const SharedMemory<Board> board;
  void* const memory =
      mmap(nullptr, sizeof(StartLine), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return absl::ErrnoToStatus(errno, "mmap");
  StartLine& start = *new (memory) StartLine(static_cast<int>(roles.size()));

  std::vector<pid_t> pids;
  int senders = 0;
  absl::Status result;
  for (size_t i = 0; i < roles.size(); ++i) {
    const int number = roles[i].place == Place::kSender ? senders++ : 0;
    const pid_t pid = fork();
    if (pid == 0) RunRole(roles[i], ProcessorOf(roles[i].place, number), start, board->outcomes[i]);
    if (pid < 0) {
      result = absl::ErrnoToStatus(errno, "fork");
      break;
    }
    pids.push_back(pid);
  }

  const absl::Time deadline = absl::Now() + limit;
  size_t left = pids.size();
  while (left > 0 && result.ok()) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    const auto role = std::find(pids.begin(), pids.end(), pid);
    if (pid > 0 && role != pids.end()) {
      const Outcome& outcome = board->outcomes[role - pids.begin()];
      if (WIFSIGNALED(status)) {
        result = absl::InternalError(absl::StrCat("killed by signal ", WTERMSIG(status)));
      } else if (outcome.code != 0) {
        result = absl::Status(static_cast<absl::StatusCode>(outcome.code), outcome.text);
      } else if (WEXITSTATUS(status) != 0) {
        result = absl::InternalError("a process of the measurement exited");
      }
      *role = -1;
      --left;
    } else if (absl::Now() > deadline) {
      result =
          absl::DeadlineExceededError(absl::StrCat("not done after ", absl::FormatDuration(limit)));
    } else {
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  for (pid_t pid : pids) {
    if (pid < 0) continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  munmap(memory, sizeof(StartLine));
  return result;
}

}  // namespace ipmpsc::benchmarks
