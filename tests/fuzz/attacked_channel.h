// AttackedChannel: a channel whose every shared byte an input may set, as a hostile peer would.
//
// Its mapping lies between pages that nobody may touch: what reads or writes outside it dies at
// once. Its stamp key is known, so that an input can stamp records by itself.
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

  // Puts everything behind the header page back as it was at creation.
  void Reset();

  // Takes one act of a hostile peer from the input, and does it. Acts:
  //   0  any byte, 4 bytes or 8 bytes of control block, slots and data
  //   1  a run of bytes there
  //   2  claim or release position, intent or size of a slot: some records further than a position
  //      that is there, or any
  //   3  a stamped record: header as given
  //   4  a stamped record: message or discarded, with a length that is told in bytes
  //   5  starts over at a position where arithmetic goes wrong when it goes wrong
  //   6  flags, or a wait word
  //   7  a dead sender's claim: intent, and claim position behind it
  //   8  the low bits of the claim word
  //   9  the turn: of some slot, for some milliseconds or for ever, for some bytes
  //  10  the end: closed or replaced
  //  11  a batch, claimed and committed; or what is in one, without its first message
  static void Tamper(const internal::Ring& ring, Input* input);

  // Aborts where the payload of a message or loan does not lie in the ring.
  void RequireInside(const char* payload, size_t size) const;
  // Aborts where somebody wrote into the header page, which no operation and no act does.
  void RequireHeaderUntouched() const;

 private:
  char* base() const;

  Channel channel_;
  std::string pristine_;
};

// Those of this process. They are never destroyed.
AttackedChannel& TheAttackedChannel(bool timestamps);

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_ATTACKED_CHANNEL_H_
