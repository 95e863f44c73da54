// AttackedChannel: a channel of which an input can set every shared byte, as a hostile peer would.
//
// The mapping lies between inaccessible pages: any access outside it crashes at once. The stamp key
// is known, so that an input can stamp records.
#ifndef TESTS_FUZZ_ATTACKED_CHANNEL_H_
#define TESTS_FUZZ_ATTACKED_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/ring.h"
#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {

class AttackedChannel {
 public:
  static constexpr uint64_t kCapacity = 4096;
  static constexpr uint32_t kSlots = 4;
  static constexpr uint64_t kStampKey = 0x5a5a5a5a'5a5a5a5a;

  explicit AttackedChannel(bool timestamps);
  AttackedChannel(const AttackedChannel&) = delete;
  AttackedChannel& operator=(const AttackedChannel&) = delete;

  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return channel_; }

  // Restores everything behind the header page to its state at creation.
  void Reset();

  // Takes one act of a hostile peer from the input and does it. Acts:
  //   0  any byte, 4 bytes or 8 bytes of control block, slots and data
  //   1  a run of bytes there
  //   2  claim or release position, intent or size of a slot: some records beyond an existing
  //      position, or any value
  //   3  a stamped record with the header of the input
  //   4  a stamped record: message or discarded, with a length in bytes
  //   5  starts over at a position where arithmetic is likely to fail
  //   6  flags, or a wait word
  //   7  a dead sender's claim: its intent, and the claim position behind it
  //   8  the low bits of the claim word
  //   9  the turn: of some slot, for some milliseconds or for ever, for some bytes
  //  10  the end: closed or replaced
  //  11  a batch, claimed and committed, or a part of one without its first message
  static void Tamper(const internal::Ring& ring, Input* input);

  // Aborts if the payload of a message or loan lies outside the ring.
  void RequireInside(const char* payload, size_t size) const;
  // Aborts if the header page has changed. No operation or act writes to it.
  void RequireHeaderUntouched() const;

 private:
  char* base() const;

  Channel channel_;
  std::string pristine_;
};

// The channels of this process. They are never destroyed.
AttackedChannel& TheAttackedChannel(bool timestamps);

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_ATTACKED_CHANNEL_H_
