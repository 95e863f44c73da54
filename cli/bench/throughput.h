// Measures how many messages a channel carries on this machine, with senders in processes of their
// own and a receiver in this one.
#ifndef IPMPSC_CLI_BENCH_THROUGHPUT_H_
#define IPMPSC_CLI_BENCH_THROUGHPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ipmpsc::cli {

// How the senders of a measurement send.
enum class Way {
  kSingle,    // one message at a time, into one channel
  kBatches,   // kBatchMessages at a time, into one channel
  kChannels,  // one message at a time, each sender into a channel of its own
};
inline constexpr size_t kBatchMessages = 32;

struct Load {
  Way way = Way::kSingle;
  int senders = 1;
  size_t message_bytes = 64;
  uint64_t capacity = uint64_t{1} << 20;  // of each channel
  // Of the measurement. A quarter of it comes before, to warm up.
  absl::Duration time = absl::Seconds(1);
};

struct Throughput {
  Load load;
  double messages = 0;  // a second
};

// Runs the load in channels of its own, which it removes. REQUIRES: this process has no other
// threads, because the senders are forked. The senders die with this thread.
//
// Errors:
//  * kInvalidArgument   - no sender; no time; a message that does not fit
//  * kDeadlineExceeded  - a sender did not start within 10 seconds
//  * kResourceExhausted - no process can be forked
//  * kCancelled         - `stop` returned true
//  * errors of `Channel::CreateTemp` and of `Receiver`
absl::StatusOr<Throughput> Measure(const Load& load, bool (*stop)());

// Says from how many senders on batches, or a channel for each sender, are faster here.
// `measured`: for each number of senders kSingle, and the others if they were measured.
std::vector<std::string> Advise(const std::vector<Throughput>& measured);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_BENCH_THROUGHPUT_H_
