#include "examples/bridge/machine.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/command_line.h"

namespace ipmpsc::examples {
namespace {

std::string LastError(const char* what) { return absl::StrCat(what, ": ", std::strerror(errno)); }

// Leaves the namespaces of this process. The next child is the first process of the new one.
// Returns "" or why it cannot.
std::string LeaveNamespaces() {
  constexpr int kNamespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
  const uid_t user = getuid();
  const gid_t group = getgid();
  if (unshare(kNamespaces) != 0) {
    // Others than root need a user namespace, in which they are the same user.
    if (unshare(CLONE_NEWUSER | kNamespaces) != 0) return LastError("unshare");
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream users("/proc/self/uid_map");
    users << user << " " << user << " 1" << std::flush;
    std::ofstream groups("/proc/self/gid_map");
    groups << group << " " << group << " 1" << std::flush;
    if (!users || !groups) return "the user namespace cannot be set up";
  }
  // Mounts of the machine stay in it.
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return LastError("mount");
  if (mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, nullptr) != 0) {
    return LastError("mounting /dev/shm");
  }
  return "";
}

}  // namespace

Process StartMachine(const std::string& name,
                     const std::function<absl::Status(const std::string& why_not)>& work) {
  return Start(name, [&]() -> absl::Status {
    const std::string why_not = LeaveNamespaces();
    const pid_t first = fork();
    if (first < 0) return absl::ErrnoToStatus(errno, "fork");
    if (first == 0) {
      // Ends the machine when the process outside is killed.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const absl::Status done = work(why_not);
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

}  // namespace ipmpsc::examples
