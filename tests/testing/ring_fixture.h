// A ring whose shared words a test sets directly.
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

// The smallest capacity of a ring.
inline constexpr uint64_t kSmallCapacity = 4096;

// Has the memory layout of a channel: the data mapped twice in a row, free slots and both positions
// 0. There are no trailers unless a test sets `ring.trailer_size`.
class TestRing {
 public:
  explicit TestRing(uint32_t slots = 4, uint64_t capacity = kSmallCapacity);

  internal::Ring ring;

  // Acts as if everything before `position` had been sent, received and released.
  void StartAt(internal::Position position) { SetPositions(position, position); }
  // `word` is a position, with or without flag bits.
  void SetPositions(internal::Position release, internal::ClaimWord word);

  internal::ClaimWord claim_word() const;
  internal::Position claim() const;  // without the bits
  internal::Position release() const;
  internal::Position intent(uint16_t slot) const;
  uint64_t intent_size(uint16_t slot) const;

  void SetIntent(uint16_t slot, internal::Position position, uint64_t size);
  void SetStamp(internal::Position position);
  // Writes a committed record with that header.
  void SetRecord(internal::Position position, internal::RecordDescription description);
  internal::RecordDescription description(internal::Position position) const;
  uint64_t stamp(internal::Position position) const;

 private:
  std::shared_ptr<internal::Segment> segment_;
};

// Positions at which arithmetic is most likely to fail: 0, around 2^32, around 2^63 (sign), and
// around 2^64. For each there is also the last line before the end of the data.
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
