#include "ipmpsc/fd_passing.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/os/monotonic_clock.h"
#include "ipmpsc/internal/os/unique_fd.h"

namespace ipmpsc {
namespace {

// What goes with the descriptor: a stream socket passes none without a byte.
constexpr char kCompanion = 'C';

// One message: the byte, and room for one descriptor.
class FdMessage {
 public:
  FdMessage() {
    header_.msg_iov = &bytes_;
    header_.msg_iovlen = 1;
    header_.msg_control = control_;
    // Not CMSG_SPACE, whose padding is room for a second one.
    header_.msg_controllen = CMSG_LEN(sizeof(int));
  }
  FdMessage(const FdMessage&) = delete;
  FdMessage& operator=(const FdMessage&) = delete;

  void SetFd(int fd) {
    byte_ = kCompanion;
    cmsghdr* const rights = CMSG_FIRSTHDR(&header_);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(fd));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  }

  // What came with it; invalid where none did.
  internal::UniqueFd TakeFd() {
    const cmsghdr* const rights = CMSG_FIRSTHDR(&header_);
    if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
        rights->cmsg_len != CMSG_LEN(sizeof(int))) {
      return internal::UniqueFd();
    }
    int fd;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    return internal::UniqueFd(fd);
  }

  char byte() const { return byte_; }
  msghdr* header() { return &header_; }

 private:
  char byte_ = 0;
  iovec bytes_ = {&byte_, 1};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
  msghdr header_ = {};
};

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
      return absl::UnavailableError(absl::StrCat(what, ": the socket is not connected any more"));
    case ETOOMANYREFS:
      return absl::ResourceExhaustedError(
          absl::StrCat(what, ": too many file descriptors are on their way"));
    default:
      return absl::ErrnoToStatus(error, what);
  }
}

absl::Status RequireUnixSocket(int socket, absl::string_view what) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
    return SocketError(errno, what);
  // Any other would send the byte and not the descriptor.
  return domain == AF_UNIX ? absl::OkStatus() : SocketError(ENOTSOCK, what);
}

// Waits until the socket is ready for `events`, or `deadline`.
absl::Status Await(int socket, int16_t events, Deadline deadline, absl::string_view what) {
  constexpr int64_t kMillisecond = 1'000'000;
  for (;;) {
    const int64_t left = std::max<int64_t>(deadline.nanoseconds() - internal::MonotonicNow(), 0);
    // Rounded up, so that the last wait is not a busy one.
    const int64_t timeout = std::min<int64_t>(left / kMillisecond + (left % kMillisecond != 0),
                                              std::numeric_limits<int>::max());
    pollfd poll_fd = {socket, events, 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(timeout));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return SocketError(errno, what);
    if (deadline.Passed()) {
      return absl::DeadlineExceededError(absl::StrCat(what, ": the peer does nothing"));
    }
  }
}

}  // namespace

absl::Status SendFd(int socket, const Channel& channel, Deadline deadline) {
  constexpr absl::string_view kWhat = "cannot send the channel's file descriptor";
  absl::Status status = RequireUnixSocket(socket, kWhat);
  FdMessage message;
  message.SetFd(channel.fd());
  while (status.ok()) {
    if (sendmsg(socket, message.header(), MSG_DONTWAIT | MSG_NOSIGNAL) == 1) return status;
    if (errno == EINTR) continue;
    status = errno == EAGAIN ? Await(socket, POLLOUT, deadline, kWhat) : SocketError(errno, kWhat);
  }
  return status;
}

absl::StatusOr<Channel> ReceiveFd(int socket, Deadline deadline) {
  constexpr absl::string_view kWhat = "cannot receive a channel's file descriptor";
  absl::Status status = RequireUnixSocket(socket, kWhat);
  while (status.ok()) {
    FdMessage message;
    const ssize_t size = recvmsg(socket, message.header(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0) {
      if (errno == EINTR) continue;
      status = errno == EAGAIN ? Await(socket, POLLIN, deadline, kWhat) : SocketError(errno, kWhat);
      continue;
    }
    const internal::UniqueFd fd = message.TakeFd();
    const int flags = message.header()->msg_flags;
    if (size == 0 && !fd.valid()) return SocketError(ENOTCONN, kWhat);
    if (!fd.valid() && (flags & MSG_CTRUNC) != 0) {
      return absl::ResourceExhaustedError(
          absl::StrCat(kWhat, ": it came, and no file descriptor was left for it"));
    }
    if (!fd.valid() || message.byte() != kCompanion || (flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(kWhat, ": something else came, that SendFd does not send"));
    }
    return Channel::OpenFd(fd.get());
  }
  return status;
}

}  // namespace ipmpsc
