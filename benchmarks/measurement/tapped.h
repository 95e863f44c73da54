// Measures what a tap costs the ends of the channel that it looks at.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_TAPPED_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_TAPPED_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ipmpsc::benchmarks {

struct TappedWork {
  double rate = 0;      // messages a second, in steps of a millisecond; 0: as fast as possible
  bool tapped = false;  // a process reads every message with a `Tap`
  absl::Duration time = absl::Milliseconds(300);
};

// Nanoseconds of processor time per message of 64 bytes.
struct TappedCost {
  double sender;
  double receiver;
};

// Sends from one process to another. The tap runs on a processor of the senders: with two
// processors it shares the only one with the sender, whose own time is counted nevertheless.
//
// Errors: kDataLoss - a message is not the expected one; as the functions of the ends.
absl::StatusOr<TappedCost> MeasureTapped(const TappedWork& work);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_TAPPED_H_
