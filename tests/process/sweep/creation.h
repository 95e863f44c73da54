// Kills the creation and the replacement of a channel at a path at every point.
#ifndef TESTS_PROCESS_SWEEP_CREATION_H_
#define TESTS_PROCESS_SWEEP_CREATION_H_

#include "tests/process/sweep/findings.h"

namespace ipmpsc::testing {

// Leaves no name or a complete channel.
void SweepCreation(Findings* findings);

// Leaves the old or the new channel at the path. Users of the old channel lose nothing.
void SweepReplacing(Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_CREATION_H_
