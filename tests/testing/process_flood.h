// Sends one stream of messages after the other, as fast as it goes and in every way that there is.
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
  uint64_t count = 0;  // 0: without end
  size_t least_size = 0;
  size_t most_size = 0;
  // Before every 32nd message, waits until the receiver has gone to sleep.
  bool let_receiver_sleep = false;
  // Sleeps while the ring is full, instead of trying again and again now and then.
  bool never_polls = false;
};

// Sends by `Send`, by `TrySend` until there is space, by loans that are published whole or shorter,
// and now and then drops a loan. `*committed` always tells how many messages are committed; after a
// death one more may be.
//
// Errors: as `Sender::Send`; kDeadlineExceeded when there was no space for 20 s; kUnavailable when
// the receiver did not go to sleep for 20 s.
absl::Status Flood(Sender* sender, const FloodPlan& plan, std::atomic<uint64_t>* committed);

// Attaches a sender, waiting for a free slot.
absl::StatusOr<Sender> AttachSender(const Channel& channel, absl::Duration patience);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_FLOOD_H_
