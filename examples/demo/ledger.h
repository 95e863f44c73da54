// The ledger: counters in which each process of the demo records its progress.
//
// Its memory is shared and separate from the channel. The demo compares the senders' records with
// the receiver's, even after a sender's death.
#ifndef IPMPSC_EXAMPLES_DEMO_LEDGER_H_
#define IPMPSC_EXAMPLES_DEMO_LEDGER_H_

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"

namespace ipmpsc::examples {

inline constexpr int kDemoSenders = 3;

struct DemoLedger {
  struct Sender {
    // The sequence number of the last message, noted by the sender after `Send` returned.
    std::atomic<uint64_t> committed;
  };
  struct Received {
    // Written by the receiver.
    std::atomic<uint64_t> messages;
    std::atomic<uint64_t> bytes;
    std::atomic<uint64_t> last_sequence;
    std::atomic<uint64_t> lost;          // sequence numbers that are missing
    std::atomic<uint64_t> torn;          // messages with a wrong checksum
    std::atomic<uint64_t> out_of_order;  // messages that came after a later one
  };

  Sender senders[kDemoSenders];
  Received received[kDemoSenders];
  // Messages that did not parse, or whose sender is unknown.
  std::atomic<uint64_t> torn_of_unknown;

  // Creates the ledger in memory that forked children share, for the lifetime of the process.
  //
  // Errors: kResourceExhausted - no memory.
  static absl::StatusOr<DemoLedger*> Create();
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_DEMO_LEDGER_H_
