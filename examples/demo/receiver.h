// The receiving process of the demo.
#ifndef IPMPSC_EXAMPLES_DEMO_RECEIVER_H_
#define IPMPSC_EXAMPLES_DEMO_RECEIVER_H_

#include <string>

#include "absl/status/status.h"
#include "examples/demo/ledger.h"

namespace ipmpsc::examples {

// Receives and checks every message until the channel is closed, and notes the results in the ledger.
//
// Errors: what `Open` and `Receive` of a typed receiver return.
absl::Status ReceiveAndCheck(const std::string& channel, DemoLedger* ledger);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_DEMO_RECEIVER_H_
