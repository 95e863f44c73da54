// Connecting to an engine in tests.
#ifndef IPMPSC_TESTS_BRIDGE_CONNECT_H_
#define IPMPSC_TESTS_BRIDGE_CONNECT_H_

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/deadline.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::bridge {

// Returns what `connect()` returns, and repeats it while that is kUnavailable, as the bridge does.
// On a busy machine a server may take longer to answer than the timeout of a connection.
template <typename Connect>
auto ConnectPatiently(Connect connect) {
  const Deadline deadline = testing::kPatience;
  for (;;) {
    auto connected = connect();
    if (!absl::IsUnavailable(connected.status()) || deadline.Passed()) return connected;
    absl::SleepFor(absl::Milliseconds(10));
  }
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_TESTS_BRIDGE_CONNECT_H_
