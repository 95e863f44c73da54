// The ledger: what each process of the demo says it has done, where all of them see it, also after
// its death.
//
// It lies beside the channel, so that what the receiver got can be held against what the senders
// committed.
#ifndef IPMPSC_EXAMPLES_DEMO_LEDGER_H_
#define IPMPSC_EXAMPLES_DEMO_LEDGER_H_

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"

namespace ipmpsc::examples {

inline constexpr int kDemoSenders = 3;

struct DemoLedger {
  struct Sender {
    // By the sender, after `Send` returned: the sequence number of the message.
    std::atomic<uint64_t> committed;
  };
  struct Received {
    // By the receiver.
    std::atomic<uint64_t> messages;
    std::atomic<uint64_t> bytes;
    std::atomic<uint64_t> last_sequence;
    std::atomic<uint64_t> lost;          // sequence numbers that were left out
    std::atomic<uint64_t> torn;          // messages whose checksum is wrong, or that do not parse
    std::atomic<uint64_t> out_of_order;  // not behind all earlier ones of its sender
  };

  Sender senders[kDemoSenders];
  Received received[kDemoSenders];
  // Of no sender that could be told.
  std::atomic<uint64_t> torn_of_unknown;

  // In memory that forked children share. Lasts as long as the process.
  static absl::StatusOr<DemoLedger*> Create();
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_DEMO_LEDGER_H_
