// Networks of Linux: namespaces, and a pair of interfaces that connects two of them. Needs no
// program, and CAP_NET_ADMIN in the namespaces.
#ifndef IPMPSC_EXAMPLES_BRIDGE_NETWORK_H_
#define IPMPSC_EXAMPLES_BRIDGE_NETWORK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ipmpsc::examples {

// A network namespace. It lives while a process is in it or somebody holds it.
class Network {
 public:
  // Holds the network that this process is in.
  static absl::StatusOr<Network> Current();

  Network(Network&& other) noexcept;
  Network& operator=(Network&& other) noexcept;
  ~Network();

  // Moves this thread and its later children into the network.
  absl::Status Enter() const;
  int fd() const { return fd_; }

 private:
  explicit Network(int fd) : fd_(fd) {}

  int fd_ = -1;
};

// Creates a pair of interfaces: `name` in the network of this process, and `peer` in the other one.
// A packet that goes into one of them comes out of the other. Both are down.
absl::Status CreatePair(const std::string& name, const std::string& peer,
                        const Network& peer_network);

// Gives an interface the address and the mask 255.255.255.0, and sets it up. An empty address
// leaves the one that it has, as loopback does.
absl::Status SetUp(const std::string& interface, const std::string& address);

// Whether something accepts a connection at "ADDRESS:PORT" within five seconds.
bool Accepts(const std::string& server);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_BRIDGE_NETWORK_H_
