// Ctrl-C: asks an example to end, which then gives back what it holds and says what it did.
#ifndef IPMPSC_EXAMPLES_STOP_H_
#define IPMPSC_EXAMPLES_STOP_H_

#include "absl/time/time.h"

namespace ipmpsc::examples {

// From now on SIGINT and SIGTERM only ask this process to stop.
void StopOnSignals();

bool StopRequested();

// How long a wait may take before it looks at `StopRequested()` again.
inline constexpr absl::Duration kLookForStop = absl::Milliseconds(100);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_STOP_H_
