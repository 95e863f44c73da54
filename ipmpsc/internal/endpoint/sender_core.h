// SenderCore: the shared state of a `Sender` and its `Loan`: the slot, its lock, and waiting for
// space.
#ifndef IPMPSC_INTERNAL_ENDPOINT_SENDER_CORE_H_
#define IPMPSC_INTERNAL_ENDPOINT_SENDER_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/endpoint/adaptive_spin.h"
#include "ipmpsc/internal/endpoint/arming.h"
#include "ipmpsc/internal/endpoint/local_ref.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/producer.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/tuning.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"

namespace ipmpsc::internal {

// How a claim treats a ring without space.
struct ClaimOptions {
  enum class When {
    kNow,           // fails
    kWhenSpace,     // waits until there is space
    kWhenReleased,  // waits until all earlier claims have been released
  };
  When when;
  Deadline deadline;      // of the waits
  uint64_t messages = 1;  // that the claim is for
};

class SenderCore final : public LocalRefCounted, public Waitable {
 public:
  // Errors: as `Sender::Attach`.
  static absl::StatusOr<LocalRef<SenderCore>> Attach(std::shared_ptr<Segment> segment,
                                                     const SenderOptions& options);
  ~SenderCore();

  // Claims a record for `payload_size` bytes. On success the claim is open until `Settle`.
  //
  // Errors: as the functions of `Sender` that send.
  absl::Status Claim(size_t payload_size, const ClaimOptions& options, Position* position);

  // The fast path of `Claim`: no obstacle, and there is space. `FastCommit` settles the claim.
  // False: `Claim` finds out why, and waits if necessary.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool TryFastClaim(size_t payload_size, Position* position) {
    if (ABSL_PREDICT_FALSE(slow_ || payload_size > fast_payload_ || !fork_guard_.InSameProcess()) ||
        !producer_.TryFastClaim(ring_.RecordSizeOf(payload_size), position))
      return false;
    WakeForClaim();
    return true;
  }

  // Commits all of the claim of `TryFastClaim`.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void FastCommit(Position position, size_t size) {
    Commit(position, size, RecordKind::kMessage);
    WakeForCommit(position);
    CountSent(1, size);
  }

  // Commits the claim of `Claim`: the first `size` of `claimed_size` bytes of payload.
  void Settle(Position position, size_t claimed_size, size_t size, RecordKind kind);

  // Sends all payloads in one claim.
  //
  // Errors: as `Sender::SendBatch`.
  absl::Status SendBatch(absl::Span<const absl::string_view> payloads, const ClaimOptions& options);

  // Sends messages of `sizes` in one claim, written by `write`. `this` may lose its `Sender` in
  // `write`, so the caller holds a reference.
  //
  // Errors: as `Sender::WriteBatch`.
  absl::Status WriteBatch(absl::Span<const size_t> sizes,
                          absl::FunctionRef<void(size_t i, absl::Span<char> payload)> write,
                          const ClaimOptions& options);

  // Messages that this sender dropped, in a lossy channel.
  uint64_t dropped() const { return dropped_; }

  // The end of the last claim.
  Position sent_position() const { return producer_.last_end(); }

  // Sets the number of the next message.
  //
  // Errors: as `Sender::SetNextSequence`.
  absl::Status SetNextSequence(uint64_t sequence);

  // Waits until everything before `position` has been released.
  //
  // Errors: as `Sender::WaitUntilReleased`.
  absl::Status WaitUntilReleased(Position position, Deadline deadline);

  char* PayloadAt(Position position) const { return ring_.At(position) + sizeof(RecordHeader); }

  // The `Sender` is gone.
  void SetDetached() {
    if (hook() != nullptr) hook()->OnDetach(this);
  }

  // Ends the sleep of `Claim`, or of the next call that sleeps. Safe in any thread and in signal
  // handlers.
  void Interrupt() { interrupt_.Set(); }

  // For the wait set, which waits for space for this payload; arming.cc.
  //
  // Errors: kInvalidArgument - it can never fit.
  absl::Status WaitFor(size_t payload_size);
  Readiness Check() override;
  Readiness Resolve() override;
  bool HasCome() const override;
  Announcement Announce() override;
  bool IsStillNothing() override;
  void Withdraw() override;
  void Leave() override;
  Position announced_position() const override;
  bool InSameProcess() const override { return fork_guard_.InSameProcess(); }
  std::string Description() const override;

  const Segment& segment() const { return *segment_; }
  uint16_t slot() const { return slot_; }

 private:
  SenderCore(std::shared_ptr<Segment> segment, ParticipantLock lock, uint16_t slot,
             const SenderOptions& options);

  // Wakes a receiver that sleeps until a record is claimed. Called after a claim, before any of it
  // is committed.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void WakeForClaim() {
    WakerBarrier(*ring_.control);
    const uint64_t announcement = ClaimWaitAnnounced(*ring_.control);
    if (ABSL_PREDICT_FALSE(announcement != 0)) AnswerReceiver(announcement);
  }
  void AnswerReceiver(uint64_t announcement);

  // Wakes a receiver that sleeps for `position`. Called after the commit.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void WakeForCommit(Position position) {
    WakerBarrier(*ring_.control);
    if (ABSL_PREDICT_FALSE(MustWakeReceiver(ring_.control, position)))
      FutexWakeOne(&ring_.control->receiver_wait);
  }

  ABSL_ATTRIBUTE_ALWAYS_INLINE void Commit(Position position, size_t size, RecordKind kind) {
    if (ABSL_PREDICT_FALSE(ring_.trailer_size != 0)) WriteTrailer(position, size, kind);
    producer_.Commit(position, static_cast<uint32_t>(size), kind);
  }
  void WriteTrailer(Position position, size_t size, RecordKind kind);

  // Called after each commit of messages, so that nothing in it delays the receiver.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void CountSent(uint64_t records, uint64_t payload_bytes) {
    producer_.CountSent(records, payload_bytes);
    if (ABSL_PREDICT_FALSE(!IsBefore(producer_.last_end(), populated_)))
      Populate(producer_.last_end(), producer_.last_end() + tuning::kPopulatedTogether);
  }
  // Maps the pages between the positions, unless this sender has mapped them or a whole lap.
  void Populate(Position begin, Position end);
  void StopPopulating();

  // Commits a claim whose records, of `sizes`, have been written.
  void CommitBatch(Position position, absl::Span<const size_t> sizes);
  // Returns the payload size of one record that is as large as records of `sizes` together.
  //
  // Errors: kInvalidArgument - it can never fit.
  absl::StatusOr<size_t> BatchPayload(absl::Span<const size_t> sizes) const;
  absl::Status NeverFits(size_t payload_size) const;
  absl::Status BatchNeverFits(size_t count, uint64_t together) const;

  // Returns an error if nothing can be claimed at all.
  absl::Status CheckUsable(size_t payload_size);
  // kUnavailable: the channel has no living receiver. kAborted: its file is not at its path.
  absl::Status CheckSurroundings();
  ClaimResult TryFastClaim(uint64_t size, ClaimOptions::When when, Position* position);
  // Whether a claim of `size` bytes would find space now.
  bool HasSpace(uint64_t size, ClaimOptions::When when);
  // Whether a claim would fail at once for another reason than space.
  bool HasObstacle() const;
  // Waits until there may be space, at most until the deadline or for a bounded time.
  void WaitForSpace(uint64_t size, const ClaimOptions& options);
  // Counts the time of a wait since `since`. Returns the present.
  MonotonicNanos CountWaited(MonotonicNanos since);
  // Counts a claim that found no space and does not wait.
  void CountRefused(const ClaimOptions& options);
  // Ends this sender's turn.
  void GiveTurnBack();
  void SetClaimOpen(bool open) {
    claim_open_ = open;
    slow_ = open || checks_surroundings_;
  }

  const std::shared_ptr<Segment> segment_;
  const Ring ring_;
  ParticipantLock lock_;
  const ForkGuard fork_guard_;
  const uint16_t slot_;
  const size_t max_payload_;
  const bool require_receiver_;
  const bool require_path_;
  const bool checks_surroundings_;  // one of the two
  const bool is_lossy_;             // drops messages instead of waiting for space
  Producer producer_;
  AdaptiveSpin spin_;
  const Position attached_;  // the claim position then
  Position populated_;       // pages before it are mapped, if this sender needed them
  size_t fast_payload_;      // a longer one takes the slow path, which maps its pages first
  uint64_t dropped_ = 0;
  MonotonicNanos next_check_ = 0;  // when it may check its surroundings again
  bool has_turn_ = false;
  bool claim_open_ = false;
  InterruptFlag interrupt_;
  size_t wanted_payload_ = 0;  // of a wait set
  int looks_in_vain_ = 0;      // of a wait set
  // Waits that found no space since the claim that ends at `vain_position_`. They count on in the
  // next call, for programs that wait in many short calls.
  int vain_waits_ = 0;
  Position vain_position_ = 0;
  bool slow_;  // claim_open_ || checks_surroundings_: `TryFastClaim` cannot decide
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_SENDER_CORE_H_
