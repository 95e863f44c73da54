#include "tests/testing/ring_fixture.h"

#include <atomic>
#include <utility>

#include "absl/base/casts.h"
#include "absl/status/statusor.h"
#include "ipmpsc/internal/segment/create.h"
#include "ipmpsc/options.h"

namespace ipmpsc::testing {

using internal::ClaimWord;
using internal::Position;
using internal::RecordDescription;

TestRing::TestRing(uint32_t slots, uint64_t capacity) {
  ChannelOptions options;
  options.capacity = capacity;
  options.max_senders = slots;
  absl::StatusOr<std::shared_ptr<internal::Segment>> segment =
      internal::CreateAnonymousSegment(options);
  if (!segment.ok()) {
    ADD_FAILURE() << segment.status();
    return;
  }
  segment_ = *std::move(segment);
  ring = segment_->ring();
}

void TestRing::SetPositions(Position release, ClaimWord word) {
  ring.control->release_position.store(release);
  ring.control->claim_word.store(word);
}

ClaimWord TestRing::claim_word() const { return ring.control->claim_word.load(); }
Position TestRing::claim() const { return internal::ClaimPosition(claim_word()); }
Position TestRing::release() const { return ring.control->release_position.load(); }
Position TestRing::intent(uint16_t slot) const {
  return ring.sender_slots[slot].intent_position.load();
}
uint64_t TestRing::intent_size(uint16_t slot) const {
  return ring.sender_slots[slot].intent_size.load();
}

void TestRing::SetIntent(uint16_t slot, Position position, uint64_t size) {
  ring.sender_slots[slot].intent_size.store(size);
  ring.sender_slots[slot].intent_position.store(position);
}

void TestRing::SetStamp(Position position) {
  ring.HeaderAt(position)->stamp.store(ring.StampOf(position));
}

void TestRing::SetRecord(Position position, RecordDescription description) {
  ring.HeaderAt(position)->description.store(absl::bit_cast<uint64_t>(description));
  SetStamp(position);
}

RecordDescription TestRing::description(Position position) const {
  return absl::bit_cast<RecordDescription>(ring.HeaderAt(position)->description.load());
}

uint64_t TestRing::stamp(Position position) const { return ring.HeaderAt(position)->stamp.load(); }

}  // namespace ipmpsc::testing
