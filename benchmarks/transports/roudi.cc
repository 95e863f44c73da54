#include "benchmarks/transports/roudi.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr char kLock[] = "/tmp/ipmpsc-benchmarks-roudi.lock";
constexpr char kProgram[] = "/usr/bin/iox-roudi";
constexpr absl::Duration kPatience = absl::Seconds(10);
// The longest time for which other processes may measure with RouDi.
constexpr absl::Duration kTurn = absl::Minutes(4);

absl::StatusOr<int> Lock() {
  const int lock = open(kLock, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (lock < 0) return absl::ErrnoToStatus(errno, kLock);
  const absl::Time limit = absl::Now() + kTurn;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || absl::Now() > limit) {
      const absl::Status status = absl::ErrnoToStatus(errno, kLock);
      close(lock);
      return status;
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  return lock;
}

absl::StatusOr<std::string> WriteConfiguration(RouDiPool pool) {
  std::string path = absl::StrCat("/tmp/ipmpsc-benchmarks-roudi-", getpid(), ".toml");
  std::ofstream file(path);
  file << "[general]\nversion = 1\n\n[[segment]]\n\n[[segment.mempool]]\nsize = " << pool.size
       << "\ncount = " << pool.count << "\n";
  if (!file.flush()) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return path;
}

// Reads RouDi's output until it reports that it is ready.
absl::Status AwaitReady(int output) {
  const absl::Time limit = absl::Now() + kPatience;
  std::string printed;
  while (!absl::StrContains(printed, "ready for clients")) {
    pollfd ready = {output, POLLIN, 0};
    const int64_t left = absl::ToInt64Milliseconds(limit - absl::Now());
    char bytes[512];
    ssize_t size = 0;
    if (left > 0 && poll(&ready, 1, static_cast<int>(left)) == 1) {
      size = read(output, bytes, sizeof(bytes));
    }
    if (size <= 0) {
      return absl::UnavailableError(
          absl::StrCat(kProgram, " does not start; is there another one? It printed: ", printed));
    }
    printed.append(bytes, static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

// Removes the files of the killed RouDi: its own memory, and a segment with the name of its group.
// A RouDi that is asked to end would first end the processes that use it.
void RemoveMemory() {
  shm_unlink("/iceoryx_mgmt");
  const group* const own = getgrgid(getegid());
  if (own != nullptr) shm_unlink(absl::StrCat("/", own->gr_name).c_str());
}

}  // namespace

absl::StatusOr<std::shared_ptr<RouDi>> RouDi::Get(RouDiPool pool) {
  static auto& current = *new std::weak_ptr<RouDi>();
  if (std::shared_ptr<RouDi> running = current.lock()) {
    if (running->pool_.size < pool.size || running->pool_.count < pool.count)
      return absl::FailedPreconditionError("RouDi runs with smaller pools");
    return running;
  }
  const absl::StatusOr<int> lock = Lock();
  if (!lock.ok()) return lock.status();
  std::shared_ptr<RouDi> roudi(new RouDi(pool, *lock));
  const absl::Status started = roudi->Start();
  if (!started.ok()) return started;
  current = roudi;
  return roudi;
}

absl::Status RouDi::Start() {
  const absl::StatusOr<std::string> configuration = WriteConfiguration(pool_);
  if (!configuration.ok()) return configuration.status();
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe2");
  owner_ = getpid();
  daemon_ = fork();
  if (daemon_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    execl(kProgram, kProgram, "-m", "off", "-l", "error", "-c", configuration->c_str(), nullptr);
    _exit(127);
  }
  close(output[1]);
  const absl::Status ready =
      daemon_ < 0 ? absl::ErrnoToStatus(errno, "fork") : AwaitReady(output[0]);
  // Stays open, so that RouDi can print later.
  if (!ready.ok()) close(output[0]);
  unlink(configuration->c_str());
  return ready;
}

RouDi::~RouDi() {
  if (owner_ == getpid() && daemon_ > 0) {
    kill(daemon_, SIGKILL);
    waitpid(daemon_, nullptr, 0);
    RemoveMemory();
  }
  close(lock_);
}

}  // namespace ipmpsc::benchmarks
