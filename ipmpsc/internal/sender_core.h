// SenderCore: what a `Sender` and its `Loan` share: the slot, its lock, and waiting for space.
#ifndef IPMPSC_INTERNAL_SENDER_CORE_H_
#define IPMPSC_INTERNAL_SENDER_CORE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/attach_options.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/adaptive_spin.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/ring/producer.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

class SenderCore {
 public:
  // Errors: as `Sender::Attach`.
  static absl::StatusOr<SenderCore*> Attach(const Channel& channel, const SenderOptions& options);

  // How a claim goes about a ring that has no space.
  struct Claiming {
    bool wait;
    bool when_empty;
    Deadline deadline;
  };

  // Claims a record for `payload_size` bytes. On success the claim is open until `Settle`.
  //
  // Errors: as the functions of `Sender` that send.
  absl::Status Claim(size_t payload_size, const Claiming& claiming, Position* position);

  char* PayloadAt(Position position) const { return ring_.At(position) + sizeof(RecordHeader); }

  // Commits the claim: the first `size` of `claimed_size` bytes of payload.
  void Settle(Position position, size_t claimed_size, size_t size, RecordKind kind);

  // The `Sender` has gone. The last of it and its `Loan` deletes the core.
  void Detach();

  const Channel& channel() const { return channel_; }
  uint16_t slot() const { return slot_; }

 private:
  SenderCore(const Channel& channel, ParticipantLock lock, uint16_t slot,
             const SenderOptions& options);
  ~SenderCore();

  // Why nothing can be claimed at all, if so.
  absl::Status CheckUsable(size_t payload_size);
  // kUnavailable: the channel has no living receiver, and the options want one.
  absl::Status CheckReceiver();
  absl::Status ClaimOrWait(size_t payload_size, const Claiming& claiming, Position* position);
  bool MustLetAnotherClaim() const;
  // Waits until there may be space, at most until the deadline, or a while.
  void WaitForSpace(uint64_t size, const Claiming& claiming);
  // Lets the others claim again.
  void GiveTurnBack();

  const Channel channel_;
  const Ring ring_;
  ParticipantLock lock_;
  const ForkGuard fork_guard_;
  const uint16_t slot_;
  const size_t max_payload_;
  const SenderOptions options_;
  Producer producer_;
  AdaptiveSpin spin_;
  int64_t next_look_ = 0;  // when it may look again for a receiver
  bool has_turn_ = false;
  bool claim_open_ = false;
  bool detached_ = false;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SENDER_CORE_H_
