#include "ipmpsc/fd_passing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc {
namespace {

// The byte that accompanies the descriptor: a stream socket passes none without a byte.
constexpr char kCompanion = 'C';

// Sends the byte and one descriptor. Returns as sendmsg.
ssize_t SendMessage(int socket, int fd) {
  char byte = kCompanion;
  iovec bytes = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header = {};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = CMSG_LEN(sizeof(fd));
  cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(fd));
  std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  return sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

struct Message {
  ssize_t size;  // as recvmsg
  char byte = 0;
  int flags = 0;
  int fd_count = 0;  // all that came
  // The first one.
  internal::UniqueFd fd;
};

// The process of a sender (SO_PASSPIDFD). Some systems' headers lack it.
constexpr int kScmPidFd = 0x04;

// Receives one byte and the descriptors with it. Closes all but the first.
Message ReceiveMessage(int socket) {
  // Room for the most descriptors of one message (253), so that none is cut off unseen, and for the
  // data that options of the socket add: credentials, a security label of at most a page, times.
  alignas(cmsghdr) char control[8192];
  Message message = {};
  iovec bytes = {&message.byte, 1};
  msghdr header = {};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const internal::StdioPlug plug;
  message.size = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (message.size < 0) return message;
  message.flags = header.msg_flags;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET ||
        (part->cmsg_type != SCM_RIGHTS && part->cmsg_type != kScmPidFd))
      continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
      internal::UniqueFd own(fd);
      if (part->cmsg_type == SCM_RIGHTS && ++message.fd_count == 1) message.fd = std::move(own);
    }
  }
  if (message.fd.valid()) {
    message.fd = internal::AboveStdio(std::move(message.fd));
    if (!message.fd.valid()) message.flags |= MSG_CTRUNC;
  }
  return message;
}

absl::Status SocketError(int error, absl::string_view what) {
  switch (error) {
    case EBADF:
    case ENOTSOCK:
      return absl::InvalidArgumentError(absl::StrCat(what, ": not a Unix socket"));
    case EPIPE:
    case ECONNREFUSED:
    case ECONNRESET:
    case ENOTCONN:
    case EINVAL:  // a stream socket that never was
      return absl::UnavailableError(absl::StrCat(what, ": the socket is no longer connected"));
    case ETOOMANYREFS:
      return absl::ResourceExhaustedError(absl::StrCat(
          what, ": too many file descriptors are in flight; the peer must receive some first"));
    default:
      return absl::ErrnoToStatus(error, what);
  }
}

absl::Status RequireUnixSocket(int socket, absl::string_view what) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
    return SocketError(errno, what);
  // Other sockets would send the byte without the descriptor.
  return domain == AF_UNIX ? absl::OkStatus() : SocketError(ENOTSOCK, what);
}

// Waits until the socket is ready for `events`, or `deadline`.
absl::Status Await(int socket, int16_t events, Deadline deadline, absl::string_view what) {
  constexpr int64_t kMillisecond = 1'000'000;
  while (!deadline.Passed()) {
    const int64_t left = std::max<int64_t>(deadline.nanoseconds() - internal::MonotonicNow(), 0);
    // Rounded up, so that the last wait does not spin.
    const int64_t timeout = std::min<int64_t>(left / kMillisecond + (left % kMillisecond != 0),
                                              std::numeric_limits<int>::max());
    pollfd poll_fd = {socket, events, 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(timeout));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return SocketError(errno, what);
  }
  return absl::DeadlineExceededError(
      absl::StrCat(what, ": the peer was not ready before the deadline"));
}

// Whether a socket that gave no bytes has ended. Otherwise it was an empty message.
bool HasEnded(int socket) {
  int type = SOCK_STREAM;
  socklen_t size = sizeof(type);
  if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type == SOCK_STREAM)
    return true;
  pollfd poll_fd = {socket, POLLRDHUP, 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & (POLLRDHUP | POLLHUP)) != 0;
}

// Does not wait for a file system: the file may be one that its sender's process serves.
bool IsRegularFile(int fd) {
  struct statx file;
  return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &file) == 0 &&
         S_ISREG(file.stx_mode);
}

absl::Status CheckSealed(int fd, absl::string_view what) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  const int seals = fcntl(fd, F_GET_SEALS);
  if (seals >= 0 && (seals & kSeals) == kSeals) return absl::OkStatus();
  if (!IsRegularFile(fd)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": not an ipmpsc channel: not a regular file"));
  }
  return absl::PermissionDeniedError(absl::StrCat(
      what,
      ": the file is not sealed against being resized, so its sender could kill this process "
      "by truncating it: send a channel of CreateAnonymous, or set "
      "ReceiveFdOptions::allow_unsealed where the sender is trusted"));
}

}  // namespace

absl::Status SendFd(int socket, const Channel& channel, Deadline deadline) {
  constexpr absl::string_view kWhat = "cannot send the channel's file descriptor";
  absl::Status status = RequireUnixSocket(socket, kWhat);
  if (status.ok()) status = internal::ChannelAccess::SegmentOf(channel)->CheckFd();
  while (status.ok()) {
    if (SendMessage(socket, internal::ChannelAccess::SegmentOf(channel)->fd()) == 1) return status;
    if (errno == EINTR) continue;
    status = errno == EAGAIN ? Await(socket, POLLOUT, deadline, kWhat) : SocketError(errno, kWhat);
  }
  return status;
}

absl::StatusOr<Channel> ReceiveFd(int socket, Deadline deadline, const ReceiveFdOptions& options) {
  constexpr absl::string_view kWhat = "cannot receive a channel's file descriptor";
  absl::Status status = RequireUnixSocket(socket, kWhat);
  while (status.ok()) {
    const Message message = ReceiveMessage(socket);
    if (message.size < 0) {
      if (errno == EINTR) continue;
      status = errno == EAGAIN ? Await(socket, POLLIN, deadline, kWhat) : SocketError(errno, kWhat);
      continue;
    }
    if (message.size == 0 && message.fd_count == 0 && HasEnded(socket)) {
      return SocketError(ENOTCONN, kWhat);
    }
    if (!message.fd.valid() && (message.flags & MSG_CTRUNC) != 0) {
      return absl::ResourceExhaustedError(absl::StrCat(
          kWhat,
          ": this process has no file descriptor left for it; raise RLIMIT_NOFILE (ulimit -n)"));
    }
    if (message.fd_count != 1 || message.size != 1 || message.byte != kCompanion ||
        (message.flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(kWhat, ": the received message does not come from SendFd"));
    }
    if (!options.allow_unsealed) {
      const absl::Status sealed = CheckSealed(message.fd.get(), kWhat);
      if (!sealed.ok()) return sealed;
    }
    return Channel::OpenFd(message.fd.get());
  }
  return status;
}

}  // namespace ipmpsc
