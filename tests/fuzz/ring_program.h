// Runs an input as a program: acts of a hostile peer, and operations of a receiver and of senders
// that share the channel with it.
#ifndef TESTS_FUZZ_RING_PROGRAM_H_
#define TESTS_FUZZ_RING_PROGRAM_H_

#include <cstdint>

#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {

// What a step's first byte chooses, modulo the sum: the first `acts` values an act
// (AttackedChannel::Tamper), the next `receiver` ones an operation of the receiver
// (ReceiverEnd::Operate), the others one of the senders (SenderEnd::Operate).
struct Steps {
  uint32_t acts;
  uint32_t receiver;
  uint32_t senders;
};

// The first byte tells whether the channel has timestamps, the others are steps: one after the other,
// on one thread.
void RunAlone(const Steps& steps, Input input);

// The same, but the second byte tells how many acts a thread of their own repeats while the others are run: so
// many times 8 bytes follow, then the steps.
void RunScribbled(const Steps& steps, Input input);

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_RING_PROGRAM_H_
