// Operations on a whole channel, each with its preparation and a check that it worked.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/fd_passing.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "tests/process/syscall_fault_world.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

using absl::StatusCode;

ChannelOptions Options(ExistPolicy policy = ExistPolicy::kFail) {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 4;
  options.exist_policy = policy;
  return options;
}

std::string MadeWorks(FaultWorld& world) { return PassMessage(*world.made, nullptr, nullptr); }

FaultOperation CreateAt(const std::string& name, ExistPolicy policy, bool there) {
  FaultOperation operation;
  operation.name = name;
  operation.prepare = [there](FaultWorld& world) {
    if (there) world.Open();
  };
  operation.run = [policy](FaultWorld& world) {
    return Keep(Channel::Create(world.path, Options(policy)), &world.made);
  };
  operation.works = MadeWorks;
  operation.codes = {StatusCode::kResourceExhausted, StatusCode::kPermissionDenied,
                     StatusCode::kUnavailable};
  operation.new_names = there ? 0 : 1;
  return operation;
}

FaultOperation RenewWhatHasEnded() {
  FaultOperation operation = CreateAt("RenewWhatHasEnded", ExistPolicy::kOpenOrReplace, true);
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.channel->Close();
  };
  // The lock on the replacement cannot be taken.
  operation.codes.insert(StatusCode::kAborted);
  return operation;
}

FaultOperation CreateTemp() {
  FaultOperation operation = CreateAt("CreateTemp", ExistPolicy::kFail, false);
  // It scans all temporary channels of this user.
  operation.calls_vary = true;
  operation.run = [](FaultWorld& world) {
    return Keep(Channel::CreateTemp(Options()), &world.made);
  };
  operation.works = [](FaultWorld& world) {
    const std::string path = world.made->path();
    const std::string wrong = MadeWorks(world);
    world.made.reset();
    return Exists(path) ? "its name is still there" : wrong;
  };
  operation.new_names = 0;
  return operation;
}

FaultOperation CreateAnonymous() {
  FaultOperation operation = CreateTemp();
  operation.name = "CreateAnonymous";
  operation.run = [](FaultWorld& world) {
    return Keep(Channel::CreateAnonymous(Options()), &world.made);
  };
  operation.works = MadeWorks;
  return operation;
}

FaultOperation Open() {
  FaultOperation operation;
  operation.name = "Open";
  operation.prepare = [](FaultWorld& world) { world.CreateElsewhere(); };
  operation.run = [](FaultWorld& world) { return Keep(Channel::Open(world.path), &world.made); };
  operation.works = MadeWorks;
  operation.codes = {StatusCode::kResourceExhausted, StatusCode::kPermissionDenied};
  return operation;
}

FaultOperation OpenWhenCreated() {
  FaultOperation operation = Open();
  operation.name = "OpenWhenCreated";
  operation.prepare = [](FaultWorld& world) {
    world.Meanwhile([&world] {
      absl::SleepFor(absl::Milliseconds(5));
      return TextOf(Channel::Create(world.path, Options()).status());
    });
  };
  operation.run = [](FaultWorld& world) {
    return Keep(Channel::Open(world.path, {kPatience}), &world.made);
  };
  operation.works = [](FaultWorld& world) {
    const std::string found = world.Helped();
    return found.empty() ? MadeWorks(world) : found;
  };
  operation.codes.insert(StatusCode::kNotFound);
  operation.waits = true;
  return operation;
}

FaultOperation OpenInVain() {
  FaultOperation operation = Open();
  operation.name = "OpenInVain";
  operation.prepare = [](FaultWorld&) {};
  operation.run = [](FaultWorld& world) {
    return Channel::Open(world.directory + "/none", {absl::Milliseconds(15)}).status();
  };
  operation.usual = StatusCode::kDeadlineExceeded;
  operation.codes.insert({StatusCode::kDeadlineExceeded, StatusCode::kNotFound});
  operation.works = [](FaultWorld&) { return "there is no channel"; };
  operation.waits = true;
  return operation;
}

FaultOperation OpenFd() {
  FaultOperation operation = Open();
  operation.name = "OpenFd";
  operation.prepare = [](FaultWorld& world) { world.Open(); };
  operation.run = [](FaultWorld& world) {
    return Keep(Channel::OpenFd(world.channel->fd()), &world.made);
  };
  return operation;
}

FaultOperation State() {
  FaultOperation operation;
  operation.name = "StateAndWhoIsThere";
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.AttachSender();
    world.AttachReceiver();
  };
  operation.run = [](FaultWorld& world) {
    const Channel& channel = *world.channel;
    errno = 0;
    const ChannelState state = channel.state();
    // If the system reports that the path is missing, `state` believes it.
    const bool told = state == ChannelState::kUnlinked && (errno == ENOENT || errno == ENOTDIR);
    return (state == ChannelState::kOpen || told) && channel.HasReceiver() && channel.HasSender()
               ? absl::OkStatus()
               : absl::InternalError("not open, or nobody there");
  };
  operation.works = [](FaultWorld&) { return ""; };
  return operation;
}

FaultOperation Close() {
  FaultOperation operation;
  operation.name = "Close";
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.AttachReceiver();
    world.Meanwhile([&world] {
      const absl::Status ended = world.receiver->Receive(kPatience).status();
      return absl::IsOutOfRange(ended) ? "" : absl::StrCat("the receiver: ", ended.ToString());
    });
    Await([&] { return internal::IsReceiverWaiting(world.control()); });
  };
  operation.run = [](FaultWorld& world) {
    world.channel->Close();
    return absl::OkStatus();
  };
  operation.works = [](FaultWorld& world) {
    world.WakeReceiver();
    const std::string found = world.Helped();
    return world.channel->state() == ChannelState::kClosed ? found : "it is not closed";
  };
  return operation;
}

// The world's channel has a path.
absl::StatusOr<Channel> ReceiveUnsealed(int socket) {
  ReceiveFdOptions options;
  options.allow_unsealed = true;
  return ReceiveFd(socket, kPatience, options);
}

FaultOperation PassFd(bool receive) {
  FaultOperation operation;
  operation.name = receive ? "ReceiveFd" : "SendFd";
  operation.prepare = [receive](FaultWorld& world) {
    world.Open();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, world.sockets) != 0) {
      world.wrong = "socketpair";
    } else if (receive) {
      world.wrong = TextOf(SendFd(world.sockets[0], *world.channel, kPatience));
    }
  };
  operation.run = [receive](FaultWorld& world) {
    if (receive) return Keep(ReceiveUnsealed(world.sockets[1]), &world.made);
    return SendFd(world.sockets[0], *world.channel, kPatience);
  };
  operation.works = [receive](FaultWorld& world) {
    if (!receive) {
      const absl::Status received = Keep(ReceiveUnsealed(world.sockets[1]), &world.made);
      if (!received.ok()) return received.ToString();
    }
    return world.made->id() == world.channel->id() ? MadeWorks(world) : "another channel";
  };
  operation.codes = {StatusCode::kResourceExhausted, StatusCode::kUnavailable};
  return operation;
}

}  // namespace

std::vector<FaultOperation> ChannelFaultOperations() {
  return {CreateAt("Create", ExistPolicy::kFail, false),
          CreateAt("CreateOrOpenWhereNothingIs", ExistPolicy::kOpen, false),
          CreateAt("CreateOrOpenWhatIsThere", ExistPolicy::kOpen, true),
          CreateAt("OpenOrReplaceWhatIsThere", ExistPolicy::kOpenOrReplace, true),
          RenewWhatHasEnded(),
          CreateAt("ReplaceNothing", ExistPolicy::kReplace, false),
          CreateAt("ReplaceWhatIsThere", ExistPolicy::kReplace, true),
          CreateTemp(),
          CreateAnonymous(),
          Open(),
          OpenWhenCreated(),
          OpenInVain(),
          OpenFd(),
          State(),
          Close(),
          PassFd(false),
          PassFd(true)};
}

}  // namespace ipmpsc::testing
