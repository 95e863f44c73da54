// Accumulates deaths on one channel.
#ifndef TESTS_PROCESS_SWEEP_MANY_DEATHS_H_
#define TESTS_PROCESS_SWEEP_MANY_DEATHS_H_

#include <cstdint>

#include "tests/process/sweep/findings.h"

namespace ipmpsc::testing {

// Kills all operations of senders and receivers in turn, each at some point. All messages must
// arrive after each death. Leaks of slots and space are checked after the last.
void SweepManyDeaths(uint64_t deaths, Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_MANY_DEATHS_H_
