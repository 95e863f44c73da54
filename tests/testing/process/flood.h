// Sends streams of messages at full speed, with every function that sends.
#ifndef TESTS_TESTING_PROCESS_FLOOD_H_
#define TESTS_TESTING_PROCESS_FLOOD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::testing {

struct FloodPlan {
  uint64_t stream = 0;
  uint64_t count = 0;  // 0: no limit
  size_t least_size = 0;
  size_t most_size = 0;
  // Waits before every 32nd message until the receiver sleeps.
  bool let_receiver_sleep = false;
  // Always sleeps while the ring is full. Otherwise it polls now and then.
  bool never_polls = false;
};

// Sends by `Send`, by `TrySend` until there is space, and by loans that are published whole or
// shorter. Drops a loan now and then. `*committed` counts the committed messages. After a death the
// true number may be one higher.
//
// Errors: as `Sender::Send`; kDeadlineExceeded - no space for 20 s; kUnavailable - the receiver did
// not go to sleep for 20 s.
absl::Status Flood(Sender* sender, const FloodPlan& plan, std::atomic<uint64_t>* committed);

// Attaches a sender and waits up to `patience` for a free slot.
absl::StatusOr<Sender> AttachSender(const Channel& channel, absl::Duration patience);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_FLOOD_H_
