// The common part of iceoryx2's publish-subscribe and request-response: results, waits and files.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX2_COMMON_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX2_COMMON_H_

#include <sched.h>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/transport.h"
#include "benchmarks/transports/spin_pause.h"

namespace ipmpsc::benchmarks::iceoryx2 {

// As in benchmarks/peers/rust/src/iceoryx2_common.rs. Other values are failures.
constexpr int kDone = 0;
constexpr int kEmpty = 1;
constexpr int kEnded = 2;
// A result of `Await` alone.
constexpr int kNotSlept = -2;

// Longest wait for another process.
constexpr absl::Duration kPatience = absl::Seconds(10);

// Repeats `look` until it finds something. Returns its result, or kNotSlept if `sleep` fails.
template <typename Look, typename Sleep>
int Await(Waiting waiting, const Look& look, const Sleep& sleep) {
  for (;;) {
    const int result = look();
    if (result != kEmpty) return result;
    if (waiting == Waiting::kSpin) {
      SpinPause();
    } else if (waiting == Waiting::kFastest) {
      sched_yield();
    } else if (sleep() != kDone) {
      return kNotSlept;
    }
  }
}

// Waits until the other end is there. Returns false if it does not come.
bool AwaitOtherEnd(absl::FunctionRef<bool()> is_there);

// Removes the files of a service and its nodes, since killed processes may have left some.
void RemoveFiles(absl::string_view name);

}  // namespace ipmpsc::benchmarks::iceoryx2

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_ICEORYX2_COMMON_H_
