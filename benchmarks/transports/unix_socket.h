// The code that the transports over Unix sockets share.
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

// As much as the system lets it be.
void SetSendBuffer(int socket, size_t bytes);

// In the abstract namespace, so that nothing is left when all have closed it. The buffers are as
// large as the queue of the spec.
absl::StatusOr<OwnedFd> ListenOnUnixSocket(int type, const TransportSpec& spec);
absl::StatusOr<OwnedFd> ConnectUnixSocket(int type, const TransportSpec& spec);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_UNIX_SOCKET_H_
