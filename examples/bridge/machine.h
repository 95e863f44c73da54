// A second machine, as far as namespaces make one: its processes, its shared memory and its network
// are its own.
#ifndef IPMPSC_EXAMPLES_BRIDGE_MACHINE_H_
#define IPMPSC_EXAMPLES_BRIDGE_MACHINE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/processes.h"

namespace ipmpsc::examples {

// Tells which namespaces the second machine has of its own.
struct Separation {
  std::string why_not;         // why it has no namespaces; empty: its own processes and /dev/shm
  std::string why_no_network;  // why it has the first machine's network; empty: one of its own
};

// Makes this process the first machine: moves it into a network of its own, which has loopback and
// nothing else. Its children are in that network, too. REQUIRES: this process has one thread.
//
// Errors: any - the system does not permit this, or lacks pairs of interfaces. Nothing changed.
absl::Status LeaveNetwork();

// Runs `work` in a process of its own, as the first one of a PID namespace and with an empty
// /dev/shm. All processes of the machine end with it. If `left` is OK, this process has called
// `LeaveNetwork`, and the machine gets a network of its own as well, which is connected with that
// of this process. Otherwise `left` says why the network is the same. `work` is told what the
// machine has of its own. Without namespaces its files need names that nobody else has.
Process StartMachine(const std::string& name, const absl::Status& left,
                     const std::function<absl::Status(const Separation&)>& work);

// Returns the address of a server in the network of the second machine, which calls this. On the
// first one the server has the address "127.0.0.1:PORT" and accepts connections at any. Waits for
// a server that restarts.
//
// Errors: kUnavailable - it does not answer; kInternal - loopback reaches it as well, so the
// network is the same.
absl::StatusOr<std::string> FindServer(const std::string& server);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_BRIDGE_MACHINE_H_
