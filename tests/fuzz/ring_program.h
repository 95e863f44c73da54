// Runs an input as a program of a hostile peer's acts and of operations of a receiver and senders
// on the same channel.
#ifndef TESTS_FUZZ_RING_PROGRAM_H_
#define TESTS_FUZZ_RING_PROGRAM_H_

#include <cstdint>

#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {

// The meaning of a step's first byte, modulo the sum. The first `acts` values select an act
// (AttackedChannel::Tamper), the next `receiver` values an operation of the receiver
// (ReceiverEnd::Operate), the others an operation of a sender (SenderEnd::Operate).
struct Steps {
  uint32_t acts;
  uint32_t receiver;
  uint32_t senders;
};

// The first byte tells whether the channel has timestamps. The others are steps, which run one
// after the other on one thread.
void RunAlone(const Steps& steps, Input input);

// As `RunAlone`, with acts that a second thread repeats during the steps. The second byte tells
// their length in units of 8 bytes. The acts follow it, then the steps.
void RunScribbled(const Steps& steps, Input input);

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_RING_PROGRAM_H_
