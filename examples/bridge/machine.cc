#include "examples/bridge/machine.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/bridge/network.h"
#include "examples/command_line.h"

namespace ipmpsc::examples {
namespace {

// The addresses in the network between both machines.
constexpr char kFirstMachine[] = "10.77.0.1";
constexpr char kSecondMachine[] = "10.77.0.2";
constexpr absl::Duration kRestartTime = absl::Seconds(20);

absl::Status LastError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

// Leaves namespaces of this process for new ones.
absl::Status Unshare(int namespaces) {
  const uid_t user = getuid();
  const gid_t group = getgid();
  if (unshare(namespaces) == 0) return absl::OkStatus();
  // Others than root need a user namespace, in which they are the same user.
  if (unshare(CLONE_NEWUSER | namespaces) != 0) return LastError("unshare");
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream users("/proc/self/uid_map");
  users << user << " " << user << " 1" << std::flush;
  std::ofstream groups("/proc/self/gid_map");
  groups << group << " " << group << " 1" << std::flush;
  if (users && groups) return absl::OkStatus();
  return absl::PermissionDeniedError("the user namespace cannot be set up");
}

// Leaves the namespaces of this process but that of its network. The next child is the first
// process of the new one.
absl::Status LeaveProcesses() {
  absl::Status left = Unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC);
  if (!left.ok()) return left;
  // Mounts of the machine stay in it.
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return LastError("mount");
  if (mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, nullptr) != 0) {
    return LastError("mounting /dev/shm");
  }
  return absl::OkStatus();
}

// Leaves the network of this process for one that has a cable to it. On errors the process is in
// the old one.
absl::Status LeaveForConnectedNetwork() {
  const absl::StatusOr<Network> old = Network::Current();
  if (!old.ok()) return old.status();
  if (unshare(CLONE_NEWNET) != 0) return LastError("unshare");
  const absl::StatusOr<Network> own = Network::Current();
  absl::Status done = own.status();
  if (done.ok()) done = SetUp("lo", "");
  if (absl::Status back = old->Enter(); !back.ok()) return back;
  // Each interface has the name of the machine that it leads to.
  if (done.ok()) done = CreatePair("second", "first", *own);
  if (done.ok()) done = SetUp("second", kFirstMachine);
  if (!done.ok()) return done;
  done = own->Enter();
  if (done.ok()) done = SetUp("first", kSecondMachine);
  if (!done.ok()) old->Enter().IgnoreError();
  return done;
}

// Leaves the network of this process for one with loopback alone.
absl::Status LeaveForEmptyNetwork() {
  const absl::Status left = Unshare(CLONE_NEWNET);
  return left.ok() ? SetUp("lo", "") : left;
}

// Does `work` in a child. Returns its result as far as it is printed.
absl::Status TryInChild(const std::function<absl::Status()>& work) {
  int ends[2];
  if (pipe(ends) != 0) return LastError("pipe");
  const pid_t child = fork();
  if (child < 0) return LastError("fork");
  if (child == 0) {
    const absl::Status done = work();
    const std::string text(done.message());
    const bool told = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(done.ok() && told ? 0 : 1);
  }
  close(ends[1]);
  char text[512];
  const ssize_t size = read(ends[0], text, sizeof(text));
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::UnavailableError(size > 0 ? absl::string_view(text, static_cast<size_t>(size))
                                         : "a child that tries it ended");
}

Separation Separate(const absl::Status& left) {
  const absl::Status processes = LeaveProcesses();
  const absl::Status network = !processes.ok() ? processes
                               : left.ok()     ? LeaveForConnectedNetwork()
                                               : left;
  return {std::string(processes.message()), std::string(network.message())};
}

}  // namespace

absl::Status LeaveNetwork() {
  // No way leads back out of a user namespace. So a child goes all of it first.
  const absl::Status tried = TryInChild([] {
    absl::Status done = LeaveForEmptyNetwork();
    if (done.ok()) done = LeaveProcesses();
    return done.ok() ? LeaveForConnectedNetwork() : done;
  });
  return tried.ok() ? LeaveForEmptyNetwork() : tried;
}

Process StartMachine(const std::string& name, const absl::Status& left,
                     const std::function<absl::Status(const Separation&)>& work) {
  return Start(name, [&]() -> absl::Status {
    const Separation separation = Separate(left);
    const pid_t first = fork();
    if (first < 0) return absl::ErrnoToStatus(errno, "fork");
    if (first == 0) {
      // Ends the machine when the process outside is killed.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const absl::Status done = work(separation);
      if (!done.ok()) Complain(absl::StrCat(name, ": ", done.message()));
      _exit(done.ok() ? 0 : kFault);
    }
    int status = 0;
    while (waitpid(first, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? absl::OkStatus()
               : absl::UnknownError("the machine did not end well");
  });
}

absl::StatusOr<std::string> FindServer(const std::string& server) {
  std::string found = absl::StrReplaceAll(server, {{"127.0.0.1", kFirstMachine}});
  for (const absl::Time end = absl::Now() + kRestartTime; !Accepts(found);) {
    if (absl::Now() > end) {
      return absl::UnavailableError(absl::StrCat("no server answers at ", found));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  if (!Accepts(server)) return found;
  return absl::InternalError(
      absl::StrCat("the server answers at ", server, ", too, so the network is not its own"));
}

}  // namespace ipmpsc::examples
