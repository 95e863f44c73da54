// SenderCore: what a `Sender` and its `Loan` share: the slot, its lock, and waiting for space.
#ifndef IPMPSC_INTERNAL_SENDER_CORE_H_
#define IPMPSC_INTERNAL_SENDER_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/attach_options.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/adaptive_spin.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/producer.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"

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

  // The usual case of `Claim`: nothing stands in the way and there is space. The claim is settled by
  // `CommitNow`. False: `Claim` finds out what there is to say or to wait for.
  bool ClaimNow(size_t payload_size, Position* position) {
    const ControlBlock& control = *ring_.control;
    // Relaxed, both: nothing else is read by them.
    const bool usual = ((control.flags.load(std::memory_order_relaxed) & kFlagsEnded) |
                        control.turn.load(std::memory_order_relaxed)) == 0;
    if (ABSL_PREDICT_FALSE(!usual || slow_ || payload_size > max_payload_ ||
                           !fork_guard_.InSameProcess()))
      return false;
    return producer_.Claim(RecordSize(payload_size), position) == ClaimResult::kClaimed;
  }

  // Commits the whole of what `ClaimNow` claimed.
  void CommitNow(Position position, size_t size) {
    producer_.Commit(position, static_cast<uint32_t>(size), RecordKind::kMessage);
    WakeReceiver(position);
    producer_.CountSent(1, size);
  }

  // Commits what `ClaimNow` or `Claim` claimed for `count` records together, each in its place
  // already; `size_of(i)` tells the bytes of payload of one.
  template <typename SizeOf>
  void CommitBatch(Position position, size_t count, SizeOf size_of) {
    CloseClaim();
    // The first record last: its stamp commits them all.
    Position next = position + RecordSize(size_of(0));
    uint64_t bytes = size_of(0);
    for (size_t i = 1; i < count; ++i) {
      const size_t size = size_of(i);
      producer_.Commit(next, static_cast<uint32_t>(size), RecordKind::kInBatch);
      next += RecordSize(size);
      bytes += size;
    }
    producer_.Commit(position, static_cast<uint32_t>(size_of(0)), RecordKind::kMessage);
    WakeReceiver(position);
    producer_.CountSent(count, bytes);
  }

  // kFailedPrecondition: this is a forked child, and the sender and its claim are the parent's.
  absl::Status CheckProcess() const;

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

  // After a commit at `position`.
  void WakeReceiver(Position position) {
    WakerBarrier(*ring_.control);
    if (ABSL_PREDICT_FALSE(MustWakeReceiver(ring_.control, position)))
      FutexWakeOne(&ring_.control->receiver_wait);
  }
  // Why nothing can be claimed at all, if so.
  absl::Status CheckUsable(size_t payload_size);
  // kUnavailable: the channel has no living receiver, and the options want one.
  absl::Status CheckReceiver();
  void CloseClaim() {
    claim_open_ = false;
    slow_ = options_.require_receiver;
  }
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
  bool slow_;  // claim_open_, or the options want more than `ClaimNow` knows
  bool detached_ = false;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SENDER_CORE_H_
