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
  absl::Duration time;  // how long to send
};

// Sends the lines of the file at `text` again and again.
//
// Errors: kNotFound, kPermissionDenied - the text cannot be read; those of `Open` and `Send` of a
// typed sender.
absl::Status SendText(const DemoSending& sending, const std::string& text, DemoLedger* ledger);

// Sends pictures of 3840 x 2160 pixels in YUV 4:2:0, each different from the one before: `most` of
// them, or as many as the time allows if `most` is 0.
//
// Errors: those of `Open` and `Send` of a typed sender.
absl::Status SendFrames(const DemoSending& sending, uint64_t most, DemoLedger* ledger);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_DEMO_SENDER_H_
