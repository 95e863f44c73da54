// A ring whose shared words a test sets by hand.
#ifndef TESTS_TESTING_RING_FIXTURE_H_
#define TESTS_TESTING_RING_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::testing {

// The smallest ring that there is.
inline constexpr uint64_t kSmallCapacity = 4096;

// In memory as a channel has it: data twice in a row, all slots free, both positions 0, no trailers
// unless a test sets `ring.trailer_size`.
class TestRing {
 public:
  explicit TestRing(uint32_t slots = 4, uint64_t capacity = kSmallCapacity);

  internal::Ring ring;

  // As if everything before `position` had been sent, received and released.
  void StartAt(internal::Position position) { SetPositions(position, position); }
  // `word` is a position, or one with bits beside it.
  void SetPositions(internal::Position release, internal::ClaimWord word);

  internal::ClaimWord claim_word() const;
  internal::Position claim() const;  // without the bits
  internal::Position release() const;
  internal::Position intent(uint16_t slot) const;
  uint64_t intent_size(uint16_t slot) const;

  void SetIntent(uint16_t slot, internal::Position position, uint64_t size);
  void SetStamp(internal::Position position);
  // A committed record, header by hand.
  void SetRecord(internal::Position position, internal::RecordDescription description);
  internal::RecordDescription description(internal::Position position) const;
  uint64_t stamp(internal::Position position) const;

 private:
  std::shared_ptr<internal::Segment> segment_;
};

// Positions at which arithmetic goes wrong when it goes wrong: the beginning, around 2^32, around
// 2^63 (sign), below and across 2^64; and, for each, the last line before the end of the data.
inline constexpr internal::Position kEdgePositions[] = {
    0,
    kSmallCapacity - 64,
    (uint64_t{1} << 32) - 4096,
    (uint64_t{1} << 32) - 64,
    (uint64_t{1} << 63) - 64,
    ~uint64_t{0} - 4095,
    ~uint64_t{0} - 63,  // 2^64 - 64: any record reaches it
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_RING_FIXTURE_H_
