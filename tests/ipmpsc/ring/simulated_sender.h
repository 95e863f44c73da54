// SimulatedSender: a sender that executes one step of the protocol at a time on the raw words, and
// can die between any two. Its steps are those of producer.h and sender_core.cc. The wake after a
// claim is left out, since no receiver sleeps here.
#ifndef TESTS_IPMPSC_RING_SIMULATED_SENDER_H_
#define TESTS_IPMPSC_RING_SIMULATED_SENDER_H_

#include <cstdint>
#include <cstring>

#include "absl/base/casts.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/producer.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

// The next message of a sender.
struct Plan {
  uint64_t claimed_payload;
  uint64_t payload;  // <= claimed_payload: a loan published shorter
  bool discard;
  // The rest of the claim is another message, which is committed together with the first.
  bool batch = false;
  TurnBit turn_bit = TurnBit::kRespect;
};

class SimulatedSender {
 public:
  enum class Step {
    kDead,       // the slot has no owner
    kLocked,     // has the slot's lock, has not checked the slot again
    kAttaching,  // must clear the intent that it found
    kIdle,
    kLoadWord,
    kCheckWord,
    kFindClaim,  // the ring seems full: reloads both positions
    kFindRelease,
    kIntentSize,
    kIntentPosition,
    kCas,
    kPayload,
    kFillerTrailer,
    kFiller,
    kFillerStamp,
    kTrailer,
    kDescription,
    kStamp,
    kClearIntent,  // gave up
  };

  SimulatedSender(const Ring& ring, uint16_t slot) : ring_(ring), slot_(slot) {}

  Step step() const { return step_; }
  bool alive() const { return step_ != Step::kDead; }
  uint16_t slot() const { return slot_; }
  // The position of the claim that is being written, from kPayload to kStamp.
  Position position() const { return ClaimPosition(word_); }
  // Whether the last attempt failed because the channel has ended.
  bool saw_end() const { return saw_end_; }
  uint64_t size() const { return ring_.RecordSizeOf(plan_.claimed_payload); }
  const Plan& plan() const { return plan_; }

  // Takes the slot if it is free.
  void TryAttach() {
    if (IsSlotReusable(ring_, slot_)) step_ = Step::kLocked;
  }
  void Begin(const Plan& plan) {
    plan_ = plan;
    has_intent_ = false;
    saw_end_ = false;
    step_ = Step::kLoadWord;
  }
  // Dies: the kernel releases the lock, and all words remain.
  void Die() { step_ = Step::kDead; }
  // Detaches properly.
  void Detach() {
    own().intent_position = kNoIntent;
    step_ = Step::kDead;
  }

  // Executes the next step and returns it. Calls `write_payload(position, plan)` to write the
  // payload.
  template <typename WritePayload>
  Step Advance(WritePayload write_payload) {
    const Step done = step_;
    switch (step_) {
      case Step::kDead:
      case Step::kIdle:
        break;
      case Step::kLocked:
        step_ = IsSlotReusable(ring_, slot_) ? Step::kAttaching : Step::kDead;
        break;
      case Step::kAttaching:
        release_ = ring_.control->release_position;
        own().intent_position = kNoIntent;
        step_ = Step::kIdle;
        break;
      case Step::kLoadWord:
        word_ = ring_.control->claim_word;
        step_ = Step::kCheckWord;
        break;
      case Step::kCheckWord:
        if (!MayClaim()) {
          GiveUp();
        } else if (position() - release_ <= ring_.capacity - size()) {
          step_ = Step::kIntentSize;
        } else {
          step_ = Step::kFindClaim;
        }
        break;
      case Step::kFindClaim:
        word_ = ring_.control->claim_word;
        step_ = Step::kFindRelease;
        break;
      case Step::kFindRelease:
        release_ = ring_.control->release_position;
        if (IsBefore(position(), release_)) {
          step_ = Step::kFindClaim;  // other senders have claimed in between
        } else if (position() - release_ > ring_.capacity - size() || !MayClaim()) {
          GiveUp();
        } else {
          step_ = Step::kIntentSize;
        }
        break;
      case Step::kIntentSize:
        own().intent_size = size();
        step_ = Step::kIntentPosition;
        break;
      case Step::kIntentPosition:
        own().intent_position = position();
        has_intent_ = true;
        step_ = Step::kCas;
        break;
      case Step::kCas:
        step_ =
            ring_.control->claim_word.compare_exchange_strong(
                word_, (plan_.turn_bit == TurnBit::kClear ? word_ & ~kClaimTurn : word_) + size())
                ? Step::kPayload
                : Step::kCheckWord;
        break;
      case Step::kPayload:
        write_payload(position(), plan_);
        if (ring_.RecordSizeOf(plan_.payload) == size()) {
          step_ = Step::kTrailer;
        } else {
          step_ = plan_.batch ? Step::kFillerTrailer : Step::kFiller;
        }
        break;
      case Step::kFillerTrailer:
        WriteTrailer(position() + size());
        step_ = Step::kFiller;
        break;
      case Step::kFiller:
        Describe(filler(),
                 position() + size() - filler() - sizeof(RecordHeader) - ring_.trailer_size,
                 plan_.batch ? RecordKind::kInBatch : RecordKind::kDiscarded);
        step_ = Step::kFillerStamp;
        break;
      case Step::kFillerStamp:
        ring_.HeaderAt(filler())->stamp = ring_.StampOf(filler());
        step_ = Step::kTrailer;
        break;
      case Step::kTrailer:
        if (!plan_.discard) WriteTrailer(filler());
        step_ = Step::kDescription;
        break;
      case Step::kDescription:
        Describe(position(), plan_.payload,
                 plan_.discard ? RecordKind::kDiscarded : RecordKind::kMessage);
        step_ = Step::kStamp;
        break;
      case Step::kStamp:
        ring_.HeaderAt(position())->stamp = ring_.StampOf(position());
        step_ = Step::kIdle;
        break;
      case Step::kClearIntent:
        own().intent_position = kNoIntent;
        step_ = Step::kIdle;
        break;
    }
    return done;
  }

 private:
  SenderSlot& own() const { return ring_.sender_slots[slot_]; }
  Position filler() const { return position() + ring_.RecordSizeOf(plan_.payload); }

  // Whether the word allows this sender to claim. Sets `saw_end_`.
  bool MayClaim() {
    saw_end_ = HasEnded(word_);
    return !saw_end_ && (!HasTurnBit(word_) || plan_.turn_bit != TurnBit::kRespect);
  }
  void GiveUp() { step_ = has_intent_ ? Step::kClearIntent : Step::kIdle; }

  // The sequence number takes the place of the time.
  void WriteTrailer(Position end) {
    if (ring_.trailer_size == 0) return;
    const uint64_t sequence = own().sequence + 1;
    own().sequence = sequence;
    const RecordTrailer trailer = {-static_cast<int64_t>(sequence), sequence};
    std::memcpy(ring_.At(end - sizeof(trailer)), &trailer, sizeof(trailer));
  }

  void Describe(Position position, uint64_t length, RecordKind kind) {
    ring_.HeaderAt(position)->description =
        absl::bit_cast<uint64_t>(RecordDescription{static_cast<uint32_t>(length), slot_, kind, 0});
  }

  const Ring ring_;
  const uint16_t slot_;
  Step step_ = Step::kDead;
  Plan plan_ = {};
  ClaimWord word_ = 0;
  Position release_ = 0;
  bool has_intent_ = false;
  bool saw_end_ = false;
};

}  // namespace ipmpsc::internal

#endif  // TESTS_IPMPSC_RING_SIMULATED_SENDER_H_
