// A second machine, as far as namespaces make one: its processes and its shared memory are its own.
#ifndef IPMPSC_EXAMPLES_BRIDGE_MACHINE_H_
#define IPMPSC_EXAMPLES_BRIDGE_MACHINE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "examples/processes.h"

namespace ipmpsc::examples {

// Runs `work` in a process of its own, as the first one of a PID namespace and with an empty
// /dev/shm. All processes of the machine end with it. `work` is told why there are no namespaces,
// or "" if there are. Without them its files need names that nobody else has. The network is the
// same, since the machine has to reach the server.
Process StartMachine(const std::string& name,
                     const std::function<absl::Status(const std::string& why_not)>& work);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_BRIDGE_MACHINE_H_
