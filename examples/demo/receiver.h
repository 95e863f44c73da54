// The receiving process of the demo.
#ifndef IPMPSC_EXAMPLES_DEMO_RECEIVER_H_
#define IPMPSC_EXAMPLES_DEMO_RECEIVER_H_

#include <string>

#include "absl/status/status.h"
#include "examples/demo/ledger.h"

namespace ipmpsc::examples {

// Receives and checks every message until the channel is closed, and records the results in the
// ledger.
//
// Errors: those of `Open` and `Receive` of a typed receiver.
absl::Status ReceiveAndCheck(const std::string& channel, DemoLedger* ledger);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_DEMO_RECEIVER_H_
