// RouDi: the daemon without which no process can use iceoryx. There is at most one on a machine.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_ROUDI_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_ROUDI_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"

namespace ipmpsc::benchmarks {

// Its pool: `count` pieces of memory of `size` bytes each.
struct RouDiPool {
  size_t size;
  size_t count;
};

class RouDi {
 public:
  // The one that this process has started and not yet stopped, if it has such a pool, which two
  // transports then share (those of a ping-pong, a message in each); or starts one, after those of
  // other processes that use this class have ended. Errors: kUnavailable - it did not start in ten
  // seconds; another one may run. kFailedPrecondition - it has a smaller pool.
  static absl::StatusOr<std::shared_ptr<RouDi>> Get(RouDiPool pool);

  RouDi(const RouDi&) = delete;
  RouDi& operator=(const RouDi&) = delete;
  // Stops it, if called by the process that started it.
  ~RouDi();

 private:
  RouDi(RouDiPool pool, int lock) : pool_(pool), lock_(lock) {}
  absl::Status Start();

  const RouDiPool pool_;
  const int lock_;   // held as long as it runs
  int owner_ = -1;   // the process that started it
  int daemon_ = -1;  // its own process
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_ROUDI_H_
