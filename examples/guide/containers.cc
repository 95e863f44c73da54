// Containers: a channel in a directory that both mount, and a channel without a name that comes
// through a socket. Where the kernel allows it, the other process has namespaces of its own.

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/command_line.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/fd_passing.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

// Runs `work` in a process with namespaces of its own, as a container has them.
absl::Status InContainer(const std::function<absl::Status()>& work) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET) != 0) {
    Complain(absl::StrCat("without namespaces: unshare: ", std::strerror(errno)));
  }
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, "fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const absl::Status done = work();
    if (!done.ok()) Complain(done.ToString());
    _exit(done.ok() ? 0 : kFault);
  }
  int status;
  while (waitpid(pid, &status, 0) != pid) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "waitpid");
  }
  return status == 0 ? absl::OkStatus() : absl::InternalError("the container failed");
}

// In the program that creates the channel. The directory is mounted into the other container.
absl::StatusOr<Channel> CreateShared(const std::string& directory) {
  ChannelOptions options;
  options.mode = 0660;  // exactly: for the group that both containers have
  return Channel::Create(directory + "/quotes", options);
}

// In the other container, which may start first.
absl::Status SendShared(const std::string& directory) {
  const absl::StatusOr<Channel> channel = Channel::Open(directory + "/quotes", {kPatience});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  return sender->Send(Numbered(1), kPatience);
}

// In the program that creates the channel. `socket` is a connected Unix socket.
absl::StatusOr<Channel> CreateAndPass(int socket) {
  const absl::StatusOr<Channel> channel = Channel::CreateAnonymous({});
  if (!channel.ok()) return channel.status();
  const absl::Status passed = SendFd(socket, *channel, kPatience);
  if (!passed.ok()) return passed;
  return channel;
}

// In the other container. No process can truncate the file of this channel.
absl::Status SendPassed(int socket) {
  const absl::StatusOr<Channel> channel = ReceiveFd(socket, kPatience);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  return sender->Send(Numbered(2), kPatience);
}

absl::Status ReceiveOne(const Channel& channel, uint64_t number) {
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
  if (!receiver.ok()) return receiver.status();
  const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
  if (!lease.ok()) return lease.status();
  return NumberOf(lease->payload()) == number ? absl::OkStatus()
                                              : absl::DataLossError("not the number expected");
}

absl::Status Run(const std::string& directory) {
  const Process first =
      Start("shared", [&] { return InContainer([&] { return SendShared(directory); }); });
  const absl::StatusOr<Channel> shared = CreateShared(directory);
  if (!shared.ok()) return shared.status();
  absl::Status status = ReceiveOne(*shared, 1);
  status.Update(Join(first));
  if (!status.ok()) return status;
  Report("through the directory:", 1);

  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return absl::ErrnoToStatus(errno, "socketpair");
  }
  const Process second =
      Start("passed", [&] { return InContainer([&] { return SendPassed(sockets[1]); }); });
  close(sockets[1]);
  const absl::StatusOr<Channel> passed = CreateAndPass(sockets[0]);
  if (!passed.ok()) return passed.status();
  status = ReceiveOne(*passed, 2);
  close(sockets[0]);
  status.Update(Join(second));
  if (status.ok()) Report("through the socket:", 1);
  return status;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "containers\n\nShares channels with processes in other namespaces.",
      ipmpsc::examples::Run);
}
