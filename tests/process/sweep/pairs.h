// Steps two processes: two that die, or one that dies during the other's check.
#ifndef TESTS_PROCESS_SWEEP_PAIRS_H_
#define TESTS_PROCESS_SWEEP_PAIRS_H_

#include <cstdint>

#include "tests/process/sweep/findings.h"

namespace ipmpsc::testing {

// Runs two senders in one race. The first runs for `i` changes of the segment, the second for `j`.
// If the first has not claimed yet, it then continues for some changes and may find that it has
// lost. Then both are killed. Covers all i and j, all further steps of the first, both orders, and
// both relations of the sizes. Runs each `every`-th case only.
void SweepPairs(uint64_t every, Findings* findings);

// Stops a sender before its commit. The receiver checks why no message is there. After each
// instruction of that check the sender dies, right after its commit or without it.
void SweepDeathDuringLook(uint64_t every, bool commits, Findings* findings);

// A receiver waits without a deadline: it checks for a message, finds none and goes to sleep. After
// each instruction a sender sends, or the channel is closed, and nothing else happens. The receiver
// must notice.
enum class WhileFallingAsleep { kSend, kClose };
void SweepFallingAsleep(uint64_t every, WhileFallingAsleep what, Findings* findings);

// Ends the channel after each instruction of a send. Then the sender continues or dies. The
// receiver must get exactly the accepted message before the end.
void SweepEndDuringSend(uint64_t every, bool replaced, bool dies, Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_PAIRS_H_
