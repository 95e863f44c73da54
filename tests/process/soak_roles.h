// The roles of the processes of a soak run. Each runs until it ends by itself, is told to end, or
// is killed.
#ifndef TESTS_PROCESS_SOAK_ROLES_H_
#define TESTS_PROCESS_SOAK_ROLES_H_

#include <cstdint>

#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "tests/process/soak_ledger.h"

namespace ipmpsc::testing {

// The time after which a process counts as hung. It bounds a hang and measures nothing.
inline constexpr absl::Duration kSoakPatience = absl::Seconds(30);

// Sends some messages of that stream with every function that sends. Ends by detaching, by exit
// with the sender attached, by SIGKILL, or by abort() in the middle of a loan.
void RunSoakSender(const Channel& channel, SoakLedger* ledger, uint64_t stream);

// Waits until it is the channel's receiver. Then receives until the ledger says stop and the
// channel is empty, and releases in any order. Each receiver needs another `seed`.
void RunSoakReceiver(const Channel& channel, SoakLedger* ledger, uint64_t seed);

// Creates channels with senders and a receiver, and closes or replaces them at full speed. Checks
// that every message whose send returned OK is received before the end. Runs until the ledger says
// stop.
void RunSoakEnds(SoakLedger* ledger, uint64_t seed);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SOAK_ROLES_H_
