// The roles of processes in a soak run. Each runs until it is killed, ends by itself or is told to.
#ifndef TESTS_PROCESS_SOAK_ROLES_H_
#define TESTS_PROCESS_SOAK_ROLES_H_

#include <cstdint>

#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "tests/process/soak_ledger.h"

namespace ipmpsc::testing {

// Bounds a hang. It measures nothing.
inline constexpr absl::Duration kSoakPatience = absl::Seconds(30);

// Sends some messages of that stream in all the ways there are. Ends by detaching, by exit with the
// sender attached, by SIGKILL or by abort() in the middle of a loan.
void RunSoakSender(const Channel& channel, SoakLedger* ledger, uint64_t stream);

// Waits until it is the channel's receiver, then receives until the ledger says stop and nothing is
// left; releases in any order. `seed`: other for each.
void RunSoakReceiver(const Channel& channel, SoakLedger* ledger, uint64_t seed);

// Makes channels of its own, each with senders and a receiver, and closes or replaces them at full
// speed: what a send returned OK for is received before the end. Until the ledger says stop.
void RunSoakEnds(SoakLedger* ledger, uint64_t seed);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SOAK_ROLES_H_
