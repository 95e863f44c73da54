// Deaths that add up on one channel.
#ifndef TESTS_PROCESS_SWEEP_MANY_DEATHS_H_
#define TESTS_PROCESS_SWEEP_MANY_DEATHS_H_

#include <cstdint>

#include "tests/process/sweep/findings.h"

namespace ipmpsc::testing {

// All operations of senders and receivers in turn, each killed at some point of it. After each
// death all messages must come; whether slots or space have leaked is looked at after the last.
void SweepManyDeaths(uint64_t deaths, Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_MANY_DEATHS_H_
