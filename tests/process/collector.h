// Collector: receives what floods send, in every way that there is, and checks all of it.
#ifndef TESTS_PROCESS_COLLECTOR_H_
#define TESTS_PROCESS_COLLECTOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/process_message.h"

namespace ipmpsc::testing {

class Collector {
 public:
  // `stream_of` tells which stream the sender in a slot sends. `let_senders_sleep`: lets the ring
  // fill up, now and then, until a sender has gone to sleep.
  Collector(Receiver* receiver, std::function<uint64_t(uint16_t slot)> stream_of,
            bool let_senders_sleep);

  // Receives `count` messages. Returns what is wrong, or "".
  std::string Collect(uint64_t count);
  uint64_t received() const { return ledger_.total(); }

 private:
  std::string Enter(uint16_t slot, uint64_t position, absl::string_view payload);
  // Both: messages that are there; OK too where there is none.
  absl::Status TakeLeases(size_t most, std::string* wrong);
  absl::Status TakeByDraining(size_t most, std::string* wrong);
  // Gives all leases back, not in the order in which they were received.
  void ReleaseAll();

  Receiver* const receiver_;
  const std::function<uint64_t(uint16_t)> stream_of_;
  const bool let_senders_sleep_;
  std::vector<Lease> leases_;
  Ledger ledger_;
  uint64_t next_position_ = 0;  // the least that may come
  uint64_t random_ = 1;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_COLLECTOR_H_
