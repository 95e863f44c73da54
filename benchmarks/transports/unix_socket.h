// Helpers for the transports over Unix sockets.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_SOCKET_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_SOCKET_H_

#include <unistd.h>

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Sets as much as the system allows.
void SetSendBuffer(int socket, size_t bytes);

// Uses the abstract namespace, so that nothing remains when all processes have closed the socket.
// The buffers have the size of the queue in the spec.
absl::StatusOr<OwnedFd> ListenOnUnixSocket(int type, const TransportSpec& spec);
absl::StatusOr<OwnedFd> ConnectUnixSocket(int type, const TransportSpec& spec);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_SOCKET_H_
