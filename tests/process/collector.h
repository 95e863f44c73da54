// Collector: receives the messages of floods with every receive function, and checks all of them.
#ifndef TESTS_PROCESS_COLLECTOR_H_
#define TESTS_PROCESS_COLLECTOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/process/message.h"

namespace ipmpsc::testing {

class Collector {
 public:
  // `stream_of` returns the stream of the sender in a slot. With `let_senders_sleep` the collector
  // sometimes lets the ring fill up until a sender sleeps.
  Collector(Receiver* receiver, std::function<uint64_t(uint16_t slot)> stream_of,
            bool let_senders_sleep);

  // Receives `count` messages. Returns an error, or "".
  std::string Collect(uint64_t count);
  uint64_t received() const { return ledger_.total(); }

 private:
  std::string Enter(uint16_t slot, uint64_t position, absl::string_view payload);
  // Both take the messages that are available. They return OK without any, too.
  absl::Status TakeLeases(size_t most, std::string* wrong);
  absl::Status TakeByDraining(size_t most, std::string* wrong);
  // Releases all leases, in a different order from that of their receipt.
  void ReleaseAll();

  Receiver* const receiver_;
  const std::function<uint64_t(uint16_t)> stream_of_;
  const bool let_senders_sleep_;
  std::vector<Lease> leases_;
  Ledger ledger_;
  uint64_t next_position_ = 0;  // lower bound for the next position
  uint64_t random_ = 1;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_COLLECTOR_H_
