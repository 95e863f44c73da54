#include "benchmarks/transports/unix_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>

namespace ipmpsc::benchmarks {
namespace {

struct Address {
  sockaddr_un address = {};
  socklen_t length;
};

Address AddressOf(const std::string& name) {
  Address address;
  address.address.sun_family = AF_UNIX;
  // The first byte stays 0, which selects the abstract namespace.
  std::memcpy(address.address.sun_path + 1, name.data(), name.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

absl::StatusOr<OwnedFd> NewSocket(int type, const TransportSpec& spec) {
  OwnedFd socket(::socket(AF_UNIX, type, 0));
  if (socket.get() < 0) return absl::ErrnoToStatus(errno, "socket");
  SetSendBuffer(socket.get(), spec.queue_bytes);
  return socket;
}

}  // namespace

void SetSendBuffer(int socket, size_t bytes) {
  const int size = static_cast<int>(std::min<size_t>(bytes, std::numeric_limits<int>::max() / 2));
  // The first option requires a privilege and may exceed net.core.wmem_max.
  if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

absl::StatusOr<OwnedFd> ListenOnUnixSocket(int type, const TransportSpec& spec) {
  absl::StatusOr<OwnedFd> socket = NewSocket(type, spec);
  if (!socket.ok()) return socket;
  const Address address = AddressOf(spec.name);
  if (bind(socket->get(), reinterpret_cast<const sockaddr*>(&address.address), address.length) !=
          0 ||
      listen(socket->get(), 128) != 0)
    return absl::ErrnoToStatus(errno, "bind");
  return socket;
}

absl::StatusOr<OwnedFd> ConnectUnixSocket(int type, const TransportSpec& spec) {
  absl::StatusOr<OwnedFd> socket = NewSocket(type, spec);
  if (!socket.ok()) return socket;
  const Address address = AddressOf(spec.name);
  if (connect(socket->get(), reinterpret_cast<const sockaddr*>(&address.address), address.length) !=
      0)
    return absl::ErrnoToStatus(errno, "connect");
  return socket;
}

}  // namespace ipmpsc::benchmarks
