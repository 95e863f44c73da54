#include "examples/demo/receiver.h"

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/demo/checksum.h"
#include "examples/demo/demo.ipmpsc.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::examples {
namespace {

// Relaxed: only this process writes the counter. Other processes read it for progress or after this
// process has ended.
void Add(std::atomic<uint64_t>* count, uint64_t by) {
  count->store(count->load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

void Check(const DemoMessageView& message, DemoLedger* ledger) {
  if (message.sender() >= kDemoSenders) return Add(&ledger->torn_of_unknown, 1);
  DemoLedger::Received& received = ledger->received[message.sender()];
  const absl::string_view content = message.has_frame() ? message.frame().pixels() : message.line();
  Add(&received.messages, 1);
  Add(&received.bytes, content.size());
  if (DemoChecksum(message.sender(), message.sequence(), content) != message.checksum()) {
    return Add(&received.torn, 1);
  }
  // Relaxed: as in `Add`.
  const uint64_t last = received.last_sequence.load(std::memory_order_relaxed);
  if (message.sequence() <= last) return Add(&received.out_of_order, 1);
  Add(&received.lost, message.sequence() - last - 1);
  received.last_sequence.store(message.sequence(), std::memory_order_relaxed);
}

}  // namespace

absl::Status ReceiveAndCheck(const std::string& channel, DemoLedger* ledger) {
  absl::StatusOr<DemoMessageReceiver> receiver = DemoMessageReceiver::Open(channel);
  if (!receiver.ok()) return receiver.status();
  for (;;) {
    const absl::StatusOr<DemoMessageLease> message = receiver->Receive(Deadline::Never());
    if (message.ok()) {
      Check(**message, ledger);
    } else if (absl::IsInvalidArgument(message.status())) {
      Add(&ledger->torn_of_unknown, 1);
    } else {
      return absl::IsOutOfRange(message.status()) ? absl::OkStatus() : message.status();
    }
  }
}

}  // namespace ipmpsc::examples
