// The creation of a channel at a path, and the replacing of one, killed at every point.
#ifndef TESTS_PROCESS_SWEEP_CREATION_H_
#define TESTS_PROCESS_SWEEP_CREATION_H_

#include "tests/process/sweep/findings.h"

namespace ipmpsc::testing {

// Leaves no name, or a complete channel.
void SweepCreation(Findings* findings);

// Leaves the old channel at the path, or the new one; who uses the old one loses nothing of it.
void SweepReplacing(Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_CREATION_H_
