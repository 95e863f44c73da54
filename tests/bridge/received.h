// The messages that a channel brings to a test, with numbers that count up by one.
#ifndef TESTS_BRIDGE_RECEIVED_H_
#define TESTS_BRIDGE_RECEIVED_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::bridge {

// Receives `count` messages and expects no more. Expects the numbers from `first` on; 0: any. An
// error shows the file `log`.
std::vector<std::string> Receive(Receiver* receiver, size_t count, uint64_t first,
                                 const std::string& log);

// Kills the bridge six times, each time after 200 messages or a few more. Then expects the rest of
// `messages` from a seventh bridge, which lives on. `start` starts the bridge of a round, 0 to 6,
// in `bridge`. A fatal failure in `start` ends the function. An error shows the file `log`.
void ReceiveUnderKills(Receiver* receiver, const std::vector<std::string>& messages,
                       testing::ChildProcess* bridge, absl::FunctionRef<void(int round)> start,
                       const std::string& log);

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_RECEIVED_H_
