// ReceiverEnd: a receiver that executes operations of an input and checks the result of each.
#ifndef TESTS_FUZZ_RECEIVER_END_H_
#define TESTS_FUZZ_RECEIVER_END_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "tests/fuzz/attacked_channel.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/waiting.h"

namespace ipmpsc::fuzz {

class ReceiverEnd {
 public:
  // `alone` means that no other thread writes during an operation. Results can then be compared
  // with the contents of the ring.
  ReceiverEnd(AttackedChannel* channel, WaitBudget* budget, bool alone)
      : channel_(*channel), budget_(*budget), alone_(alone) {}

  // Takes one operation from the input and does it:
  //   0, 1  receive, wait, keep the lease     2  receive without waiting, keep the lease
  //   3     receive, wait, release            4  drain some
  //   5, 6  release some lease                7  attach or detach
  //   8     drain until the handler stops, which may receive meanwhile and keep that lease
  //   9     attach anew, with a name and other options
  //   10    ask for the channel's state        11  close the channel
  // Attaches first if necessary.
  void Operate(Input* input);

 private:
  void Attach(const ReceiverOptions& options);
  void Drain(Input* input);
  void Keep(absl::StatusOr<Lease> lease);
  void CheckRecord(const Record& record);
  void CheckStatus(const absl::Status& status, absl::StatusCode none);
  void ReleaseOne(size_t index);

  AttackedChannel& channel_;
  WaitBudget& budget_;
  const bool alone_;
  std::optional<Receiver> receiver_;
  std::deque<Lease> leases_;    // oldest first
  internal::Position end_ = 0;  // of the last received record
};

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_RECEIVER_END_H_
