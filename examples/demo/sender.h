// The sending processes of the demo.
#ifndef IPMPSC_EXAMPLES_DEMO_SENDER_H_
#define IPMPSC_EXAMPLES_DEMO_SENDER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "examples/demo/ledger.h"

namespace ipmpsc::examples {

struct DemoSending {
  std::string channel;  // path
  uint32_t sender;      // 0 to kDemoSenders - 1
  absl::Duration time;  // for how long
};

// Sends the lines of the file at `text`, over and over.
//
// Errors: kNotFound, kPermissionDenied - the text cannot be read; what `Open` and `Send` of a typed
// sender return.
absl::Status SendText(const DemoSending& sending, const std::string& text, DemoLedger* ledger);

// Sends pictures of 3840 x 2160 in YUV 4:2:0, each other than the one before; `most` of them, or as
// many as the time allows where that is 0.
//
// Errors: what `Open` and `Send` of a typed sender return.
absl::Status SendFrames(const DemoSending& sending, uint64_t most, DemoLedger* ledger);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_DEMO_SENDER_H_
