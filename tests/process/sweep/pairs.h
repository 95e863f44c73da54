// Two who die, or one who dies while the other looks: both are stepped.
#ifndef TESTS_PROCESS_SWEEP_PAIRS_H_
#define TESTS_PROCESS_SWEEP_PAIRS_H_

#include <cstdint>

#include "tests/process/sweep/findings.h"

namespace ipmpsc::testing {

// Two senders in one race. The one is let go for `i` changes of the segment, then the other for
// `j`, then, where it has not claimed before, the one goes on for some more, and perhaps finds that
// it has lost. Then both are killed. All i and j, and all that the one can still do; both orders;
// either claims more than the other. `every`: leaves out the others.
void SweepPairs(uint64_t every, Findings* findings);

// A sender is about to commit. The receiver looks why nothing is there, and after each instruction
// of that look the sender dies: right after its commit, or without it.
void SweepDeathDuringLook(uint64_t every, bool commits, Findings* findings);

// A receiver that waits without a deadline looks for a message, finds none and goes to sleep. After
// each instruction of that a sender sends all at once, or the channel is closed, and nobody does
// anything more: the receiver must get it.
enum class WhileFallingAsleep { kSend, kClose };
void SweepFallingAsleep(uint64_t every, WhileFallingAsleep what, Findings* findings);

// A sender sends. After each instruction of that the channel ends; then the sender goes on, or dies:
// what it was told is what the receiver gets before the end.
void SweepEndDuringSend(uint64_t every, bool replaced, bool dies, Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_PAIRS_H_
