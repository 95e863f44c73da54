// Ctrl-C asks an example to end. The example then cleans up and prints its results.
#ifndef IPMPSC_EXAMPLES_STOP_H_
#define IPMPSC_EXAMPLES_STOP_H_

#include "absl/time/time.h"

namespace ipmpsc::examples {

// Makes SIGINT and SIGTERM set `StopRequested()` instead of ending this process.
void StopOnSignals();

bool StopRequested();

// The longest wait between two checks of `StopRequested()`.
inline constexpr absl::Duration kLookForStop = absl::Milliseconds(100);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_STOP_H_
