// SenderEnd: a sender that executes operations of an input and checks the result of each.
#ifndef TESTS_FUZZ_SENDER_END_H_
#define TESTS_FUZZ_SENDER_END_H_

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"
#include "tests/fuzz/attacked_channel.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/waiting.h"

namespace ipmpsc::fuzz {

class SenderEnd {
 public:
  // `alone` means that no other thread writes during an operation. Its effects can then be checked.
  SenderEnd(AttackedChannel* channel, WaitBudget* budget, bool alone)
      : channel_(*channel), budget_(*budget), alone_(alone) {}

  // Takes one operation from the input and does it:
  //   0  send now                             1  send, wait
  //   2  send when empty, wait                3  claim now
  //   4  claim, wait, perhaps when empty      5  publish, whole or shorter
  //   6  drop the loan                        7  attach or detach, with or without an open loan
  //   8  send a batch now                     9  send a batch, wait
  //  10  write a batch now                   11  write a batch, wait
  //  12  attach anew, with a name            13  close the channel
  // Attaches first if necessary.
  void Operate(Input* input);

 private:
  void Attach(const SenderOptions& options);
  void SendBatch(uint32_t operation, Input* input);
  void KeepLoan(absl::StatusOr<Loan> loan, size_t size);
  void Settle(std::optional<size_t> published);
  void CheckRecord(uint64_t position, size_t size, internal::RecordKind kind) const;
  void CheckStatus(const absl::Status& status, size_t size, bool waits) const;

  AttackedChannel& channel_;
  WaitBudget& budget_;
  const bool alone_;
  std::optional<Sender> sender_;
  std::optional<Loan> loan_;
};

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_SENDER_END_H_
