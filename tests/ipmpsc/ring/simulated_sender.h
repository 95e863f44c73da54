// SimulatedSender: a sender that does one step of the protocol at a time, on the raw words, and can
// die between any two: what producer.h and sender_core.cc do, taken apart.
#ifndef TESTS_IPMPSC_RING_SIMULATED_SENDER_H_
#define TESTS_IPMPSC_RING_SIMULATED_SENDER_H_

#include <cstdint>

#include "absl/base/casts.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

// What a sender wants to send next.
struct Plan {
  uint64_t claimed_payload;
  uint64_t payload;  // <= claimed_payload: a loan published shorter
  bool discard;
  // What is left of the claim is another message, committed together with the first.
  bool batch = false;
};

class SimulatedSender {
 public:
  enum class Step {
    kDead,       // the slot has no owner
    kLocked,     // has the slot's lock, has not looked at the slot again
    kAttaching,  // is to clear the intent that it found
    kIdle,
    kLoadClaim,
    kCheckSpace,
    kIntentSize,
    kIntentPosition,
    kCas,
    kPayload,
    kFiller,
    kFillerStamp,
    kDescription,
    kStamp,
    kClearIntent,  // gave up
  };

  SimulatedSender(const Ring& ring, uint16_t slot) : ring_(ring), slot_(slot) {}

  Step step() const { return step_; }
  bool alive() const { return step_ != Step::kDead; }
  uint16_t slot() const { return slot_; }
  // Of the claim that is being written: kPayload to kStamp.
  Position position() const { return claim_; }
  const Plan& plan() const { return plan_; }

  // One step towards being attached, if the slot allows it.
  void TryAttach() {
    if (IsSlotReusable(ring_, slot_)) step_ = Step::kLocked;
  }
  void Begin(const Plan& plan) {
    plan_ = plan;
    has_intent_ = false;
    step_ = Step::kLoadClaim;
  }
  // The kernel gives the lock back; all words stay.
  void Die() { step_ = Step::kDead; }
  // Goes in peace.
  void Detach() {
    own().intent_position = kNoIntent;
    step_ = Step::kDead;
  }

  // Does the next step. `write_payload(position, plan)` is called where the payload is written.
  // Returns the step done.
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
      case Step::kLoadClaim:
        claim_ = ring_.control->claim_position;
        step_ = Step::kCheckSpace;
        break;
      case Step::kCheckSpace:
        if (claim_ - release_ > ring_.capacity - size()) {
          release_ = ring_.control->release_position;
          claim_ = ring_.control->claim_position;
          if (claim_ - release_ > ring_.capacity - size()) {
            step_ = has_intent_ ? Step::kClearIntent : Step::kIdle;
            break;
          }
        }
        step_ = Step::kIntentSize;
        break;
      case Step::kIntentSize:
        own().intent_size = size();
        step_ = Step::kIntentPosition;
        break;
      case Step::kIntentPosition:
        own().intent_position = claim_;
        has_intent_ = true;
        step_ = Step::kCas;
        break;
      case Step::kCas:
        step_ = ring_.control->claim_position.compare_exchange_strong(claim_, claim_ + size())
                    ? Step::kPayload
                    : Step::kCheckSpace;
        break;
      case Step::kPayload:
        write_payload(claim_, plan_);
        step_ = RecordSize(plan_.payload) == size() ? Step::kDescription : Step::kFiller;
        break;
      case Step::kFiller:
        Describe(filler(), size() - RecordSize(plan_.payload) - sizeof(RecordHeader),
                 plan_.batch ? RecordKind::kInBatch : RecordKind::kDiscarded);
        step_ = Step::kFillerStamp;
        break;
      case Step::kFillerStamp:
        ring_.HeaderAt(filler())->stamp = ring_.StampOf(filler());
        step_ = Step::kDescription;
        break;
      case Step::kDescription:
        Describe(claim_, plan_.payload,
                 plan_.discard ? RecordKind::kDiscarded : RecordKind::kMessage);
        step_ = Step::kStamp;
        break;
      case Step::kStamp:
        ring_.HeaderAt(claim_)->stamp = ring_.StampOf(claim_);
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
  uint64_t size() const { return RecordSize(plan_.claimed_payload); }
  Position filler() const { return claim_ + RecordSize(plan_.payload); }

  void Describe(Position position, uint64_t length, RecordKind kind) {
    ring_.HeaderAt(position)->description =
        absl::bit_cast<uint64_t>(RecordDescription{static_cast<uint32_t>(length), slot_, kind, 0});
  }

  const Ring ring_;
  const uint16_t slot_;
  Step step_ = Step::kDead;
  Plan plan_ = {};
  Position claim_ = 0;
  Position release_ = 0;
  bool has_intent_ = false;
};

}  // namespace ipmpsc::internal

#endif  // TESTS_IPMPSC_RING_SIMULATED_SENDER_H_
